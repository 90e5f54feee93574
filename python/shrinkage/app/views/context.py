"""The line below the finding: what is predicted, what was left out to do so."""

from __future__ import annotations

import streamlit as st
from scipy import sparse

from shrinkage.app.loading import TableFacts
from shrinkage.app.race_look import Table
from shrinkage.app.runs import LinearResult
from shrinkage.app.state import AppState
from shrinkage.app.views.history import target_label
from shrinkage.app.views.loss_panel import loss_panel
from shrinkage.app.views.preparation import preparation_report
from shrinkage.app.views.text import Translator, count, number, plain


def context_line(result: LinearResult, state: AppState, t: Translator) -> None:
    """Target, event and what was left out, with the report behind it."""
    parts = [
        t("context.target", target=f"**{target_label(result.spec, result.target, t)}**"),
        *_classes(result, t),
    ]
    parts += [*_words(result, t), *_left_out(result, t)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="context"):
        st.markdown(f":small[{t('list.join').join(parts)}]", width="content")
        loss_panel(result, state, t)
        preparation_report(state, t, result)


def race_context(table: Table, state: AppState, t: Translator) -> None:
    """Target, rows of each part and what was left out, with the report behind it."""
    facts: TableFacts = table.facts
    target = t("context.target", target=f"**{target_label(facts.spec, facts.target, t)}**")
    parts = (table.train.n, table.validation.n, table.test.n)
    train, validation, test = (count(n) for n in parts)
    rows = t("network.parts", train=train, validation=validation, test=test)
    kind = "regression" if not table.classes else "classes" if table.outputs > 1 else "event"
    said = [target, rows, t(f"network.loss_{kind}"), _scaling(table, t)]
    said += [*_words(facts, t), *_left_out(facts, t)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="context"):
        st.markdown(f":small[{t('list.join').join(said)}]", width="content")
        preparation_report(state, t, facts)


def _scaling(table: Table, t: Translator) -> str:
    """How the inputs were scaled, which decides what a penalty and a rate mean."""
    if table.divisor is not None:
        return t("network.scaled_together", divisor=number(table.divisor))
    return t(
        "network.scaled_sparse" if sparse.issparse(table.train.X) else "network.scaled_columns"
    )


def _classes(result: LinearResult, t: Translator) -> list[str]:
    """Which class is the event: the sign of a weight means nothing without it."""
    names = result.comparison.classes
    if names is None:
        return []
    if result.event is not None and result.classes is not None:
        others = count(len(result.classes) - 1)
        return [t("context.class_rest", event=plain(result.event), others=others)]
    return [t("context.event", event=plain(names[1]), other=plain(names[0]))]


def _words(result: TableFacts, t: Translator) -> list[str]:
    """Text columns, and how many of their words became features."""
    said = []
    for step in result.steps:
        if step.code == "text_words":
            made, seen = step.fields["words"], step.fields["seen"]
            key = "context.words" if made < seen else "context.words_all"
            column = plain(step.column or "")
            said.append(t(key, column=column, words=count(made), seen=count(seen)))
    return said


def _left_out(result: TableFacts, t: Translator) -> list[str]:
    """Rows without target, and columns of the file that are no features."""
    rows = sum(
        step.fields["count"] for step in result.steps if step.code == "dropped_rows_missing_target"
    )
    columns = {
        step.column
        for step in result.steps
        if step.code.startswith("dropped_") and step.code != "dropped_rows_missing_target"
    }
    said = [t("context.rows_left_out", n=count(rows))] if rows else []
    return [*said, t("context.columns_left_out", n=count(len(columns)))] if columns else said
