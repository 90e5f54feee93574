"""Results as files that other programs read: CSV of coefficients, a script that fits them again."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from shrinkage.linear.comparison import PenaltyComparison
from shrinkage.linear.sides import PenaltySide

INTERCEPT = "(intercept)"
_STARTS = ("=", "+", "-", "@", "|", "%")
_UNSEEN = " \t\r\n\v\f\0\ufeff\u200b\u200c\u200d\u2060\xad"


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that might be gets an apostrophe.

    Full-width signs count as their plain forms, as they do in East Asian spreadsheets, and blank
    or invisible characters in front hide nothing. Source: OWASP, "CSV Injection".
    """
    plain = unicodedata.normalize("NFKC", text).lstrip(_UNSEEN)
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) or plain.startswith(_STARTS) else text


def coefficients_csv(comparison: PenaltyComparison) -> str:
    """Coefficients of both penalties at λ.min and λ.1se, on the original scale; a row a feature.

    The first rows hold λ, textbook λ and the intercept. Numbers have full precision.
    """
    columns = [
        (f"{side.penalty}_{mark}", side, index)
        for side in (comparison.l1, comparison.l2)
        for mark, index in (("lambda_min", side.i_min), ("lambda_1se", side.i_1se))
    ]
    head = ["feature", *(name for name, _, _ in columns)]
    rows: list[Sequence[Any]] = [
        ["(lambda)", *(side.lambdas[i] for _, side, i in columns)],
        ["(textbook_lambda)", *(side.textbook[i] for _, side, i in columns)],
        [INTERCEPT, *(side.intercepts[i] for _, side, i in columns)],
    ]
    values = np.column_stack([side.coefs[:, i] for _, side, i in columns])
    rows += [[safe_cell(n), *v] for n, v in zip(comparison.feature_names, values, strict=True)]
    return _csv(head, rows)


def path_csv(comparison: PenaltyComparison) -> str:
    """Both whole paths: a row for every λ, a column for every feature, on the original scale."""
    names = [safe_cell(name) for name in comparison.feature_names]
    head = ["penalty", "lambda", "textbook_lambda", "cv_mean", "cv_std_error", INTERCEPT, *names]
    sides = (comparison.l1, comparison.l2)
    return _csv(head, (row for side in sides for row in _path_rows(side)))


def _path_rows(side: PenaltySide) -> Iterable[Sequence[Any]]:
    for i, lam in enumerate(side.lambdas):
        marks = (side.textbook[i], side.cv_mean[i], side.cv_std_error[i], side.intercepts[i])
        yield [side.penalty, lam, *marks, *side.coefs[:, i]]


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([v if isinstance(v, str) else repr(float(v)) for v in row])
    return text.getvalue()
