"""Take the result away: coefficients, the whole path, a script that fits it again."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from shrinkage.app.loading import TableFacts
from shrinkage.app.race import Race
from shrinkage.app.race_script import curves_csv, race_script
from shrinkage.app.runs import LinearResult
from shrinkage.app.script import python_script
from shrinkage.app.views.text import Translator, number, plain
from shrinkage.export import coefficients_csv, path_csv

# A spreadsheet recognizes UTF-8 by this mark; without it 中文 names arrive broken.
_BOM = "\ufeff"
_ICON = ":material/download:"


Files = list[tuple[str, Callable[[], bytes], str, str]]
"""Label, content, file name and help of each download."""


def take_away_panel(shown: LinearResult | None, t: Translator) -> None:
    """Popover of the Linear screen: coefficients, paths, a script."""

    def files(result: LinearResult) -> Files:
        comparison = result.comparison
        return [
            (
                t("take.coefficients"),
                lambda: (_BOM + coefficients_csv(comparison)).encode(),
                "coefficients.csv",
                t("take.coefficients_help"),
            ),
            (
                t("take.path"),
                lambda: (_BOM + path_csv(comparison)).encode(),
                "paths.csv",
                t("take.path_help"),
            ),
        ]

    if shown is None:
        _nothing_yet(t, t("take.nothing"))
    else:
        _panel(shown, files(shown), python_script(shown), "fit.py", t, note=_lambdas(shown, t))


def take_race_panel(race: Race, t: Translator) -> None:
    """Popover of the Network screen: the curves, a script."""
    table, look = race.table, race.look
    if race.running or table is None or look.epoch == 0:
        _nothing_yet(t, t("take.race_runs") if race.running else t("take.nothing"))
        return
    curves = (
        t("take.curves"),
        lambda: (_BOM + curves_csv(look)).encode(),
        "curves.csv",
        t("take.curves_help"),
    )
    _panel(table.facts, [curves], race_script(race), "race.py", t)


def _nothing_yet(t: Translator, why: str) -> None:
    with st.popover(t("take.button"), icon=_ICON, key="take_panel", disabled=True, help=why):
        st.caption(why)


def _lambdas(shown: LinearResult, t: Translator) -> str:
    """At which λ the files are: the control's own is known to the browser alone."""
    values = {
        f"{side.penalty}_{mark}": number(side.lambdas[index])
        for side in (shown.comparison.l1, shown.comparison.l2)
        for mark, index in (("min", side.i_min), ("1se", side.i_1se))
    }
    return t("take.lambdas", **values)


def _panel(
    facts: TableFacts, files: Files, script: str, name: str, t: Translator, *, note: str = ""
) -> None:
    """Files are made when they are asked for."""
    with st.popover(t("take.button"), icon=_ICON, key="take_panel"):
        st.markdown(t("take.title"))
        with st.container(horizontal=True):
            for file in files:
                _download(*file)
            _download(t("take.download_code"), script.encode, name, t("take.code"))
        if note:
            st.caption(note)
        st.caption(t("take.code"))
        if not facts.spec.is_sample:
            st.caption(t("take.code_file", name=plain(facts.name)))
        st.code(script, language="python", height=260)


def _download(label: str, data: Callable[[], bytes], file_name: str, help_text: str) -> None:
    st.download_button(
        label,
        data,
        file_name,
        key=f"take_{file_name.partition('.')[0]}",
        help=help_text,
        on_click="ignore",
        icon=_ICON,
    )
