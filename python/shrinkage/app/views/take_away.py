"""Take the result away: coefficients, the whole path, a script that fits it again."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from shrinkage.app.runs import LinearResult
from shrinkage.app.script import python_script
from shrinkage.app.views.text import Translator, plain
from shrinkage.export import coefficients_csv, path_csv

# A spreadsheet recognizes UTF-8 by this mark; without it 中文 names arrive broken.
_BOM = "\ufeff"


def take_away_panel(shown: LinearResult | None, t: Translator) -> None:
    """Popover with downloads; files are made when they are asked for."""
    label = t("take.button")
    with st.popover(label, icon=":material/download:", key="take_panel", disabled=shown is None):
        if shown is None:
            st.caption(t("take.nothing"))
            return
        st.markdown(t("take.title"))
        comparison = shown.comparison
        with st.container(horizontal=True):
            _download(
                t("take.coefficients"),
                lambda: (_BOM + coefficients_csv(comparison)).encode(),
                "coefficients.csv",
                t("take.coefficients_help"),
            )
            _download(
                t("take.path"),
                lambda: (_BOM + path_csv(comparison)).encode(),
                "paths.csv",
                t("take.path_help"),
            )
            script = python_script(shown)
            _download(t("take.download_code"), script.encode, "fit.py", t("take.code"))
        st.caption(t("take.code"))
        if not shown.spec.is_sample:
            st.caption(t("take.code_file", name=plain(shown.name)))
        st.code(script, language="python", height=260)


def _download(label: str, data: Callable[[], bytes], file_name: str, help_text: str) -> None:
    st.download_button(
        label,
        data,
        file_name,
        key=f"take_{file_name.partition('.')[0]}",
        help=help_text,
        on_click="ignore",
        icon=":material/download:",
    )
