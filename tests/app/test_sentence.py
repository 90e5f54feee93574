"""The sentence of the Linear screen, rule by rule, from numbers made by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES, translate
from shrinkage.app.views.sentence import FEW_ROWS, certificate, sentence
from shrinkage.app.views.text import Translator, number
from shrinkage.linear.certificate import Certificate, CertificateKind
from shrinkage.linear.paired import Difference
from support.sides import TIED, compared, side

LOW = [5.0, 4.5, 4.0, 4.2]
VERDICTS = ("tied", "better_l1", "better_l2", "at_edge", "at_edge_both", "few_rows", "no_signal")


def said(lang: str = "en", **options: Any) -> str:
    """The sentence about two sides, by default alike and with the minimum inside."""
    l1, l2 = options.pop("l1", side("l1", LOW)), options.pop("l2", side("l2", LOW))
    result: Any = SimpleNamespace(comparison=compared(l1, l2, **options))
    return sentence(result, Translator(lang))


def verdicts(text: str, lang: str = "en") -> set[str]:
    """The rules whose words are in the sentence."""
    values = {"penalty": "L2", "rows": "29"}
    return {code for code in VERDICTS if translate(lang, f"fact.{code}", **values) in text}


def nothing(penalty: str = "l1") -> Any:
    return side(penalty, LOW, coefs=np.zeros((3, 4)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("mean", "code"), [(0.0, "tied"), (1.0, "tied"), (1.01, "better_l2"), (-1.01, "better_l1")]
)
def test_it_says_a_tie_or_which_is_better_with_the_interval(
    lang: str, mean: float, code: str
) -> None:
    text = said(lang, cv=Difference(mean, 1.0))
    assert verdicts(text, lang) == {code}
    ends = {"low": f"{mean - 1.0:.3g}", "high": f"{mean + 1.0:.3g}", "difference": f"{mean:.3g}"}
    ends = {name: value.replace("-", "\N{MINUS SIGN}") for name, value in ends.items()}
    assert translate(lang, "fact.interval", **ends) in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_opens_with_what_l1_keeps_and_how_good_that_is(lang: str) -> None:
    measure = translate(lang, "measure.mse")
    numbers = {"error": "4.5", "best": "4", "std_error": "1", "measure": measure}
    text = said(lang)
    assert text.startswith(translate(lang, "fact.l1_keeps", kept="2", total="3"))
    assert translate(lang, "fact.within_one_se", **numbers) in text
    l1 = side("l1", [9.0, 5.1, 4.0, 4.2], i_min=2)
    numbers["error"] = "5.1"
    assert translate(lang, "fact.above_one_se", **numbers) in said(lang, l1=l1)
    measure = translate(lang, "measure.deviance")
    assert measure in said(lang, score="deviance")


@pytest.mark.parametrize(
    ("l1_min", "l2_min", "code"),
    [
        (2, 2, "tied"),
        (0, 2, "tied"),  # at the strong end of L1 everything is zero
        (2, 0, "at_edge"),
        (2, 3, "at_edge"),
        (3, 0, "at_edge_both"),
        (3, 3, "at_edge_both"),
    ],
)
def test_a_minimum_at_an_edge_allows_no_verdict(l1_min: int, l2_min: int, code: str) -> None:
    sides = {"l1": side("l1", LOW, i_min=l1_min), "l2": side("l2", LOW, i_min=l2_min)}
    assert verdicts(said(**sides)) == {code}


def test_the_penalty_at_the_edge_is_named() -> None:
    text = said(l1=side("l1", LOW, i_min=3))
    assert translate("en", "fact.at_edge", penalty="L1") in text
    assert verdicts(text) == set()


@pytest.mark.parametrize(
    ("rows", "expected"), [(FEW_ROWS - 1, {"few_rows"}), (FEW_ROWS, {"tied"}), (2, set())]
)
def test_few_rows_allow_no_verdict(rows: int, expected: set[str]) -> None:
    text = said(n_rows=rows)
    assert verdicts(text) == expected
    assert (translate("en", "fact.few_rows", rows=str(rows)) in text) == (rows < FEW_ROWS)


def test_no_signal_is_nothing_kept_at_no_price() -> None:
    assert verdicts(said(l1=nothing())) == {"no_signal"}
    assert verdicts(said(l1=nothing(), n_rows=29)) == {"no_signal", "few_rows"}
    # Nothing kept, but at a price: L2 finds a signal.
    dear = side("l2", [5.0, 4.5, 1.0, 4.2], spread=0.5)
    text = said(l1=nothing(), l2=dear, cv=Difference(3.0, 1.0))
    assert verdicts(text) == {"better_l2"}
    assert text.startswith(translate("en", "fact.l1_keeps_none", total="3"))


@pytest.mark.parametrize("kept", [0.0, 1.0])
def test_the_only_feature_is_not_all_of_them(kept: float) -> None:
    key = "fact.l1_keeps_one" if kept else "fact.l1_keeps_none_one"
    l1 = side("l1", LOW, coefs=np.full((1, 4), kept))
    assert said(l1=l1).startswith(translate("en", key))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_errors_that_are_no_numbers_are_said_and_nothing_else(lang: str) -> None:
    text = said(lang, l2=side("l2", LOW, spread=math.nan), cv=Difference(math.nan, math.nan))
    assert text.startswith(translate(lang, "fact.l1_keeps", kept="2", total="3"))
    # Nor of an edge, which is told by those errors.
    broken = {"l1": side("l1", [5.0, math.nan, 4.0, 4.2], i_min=2), "l2": side("l2", LOW, i_min=3)}
    text = said(lang, **broken)
    assert translate(lang, "fact.no_errors") in text
    assert verdicts(text, lang) == set()
    assert "–" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("mean", "code"), [(0.2, "tied"), (0.21, "better_l2"), (-0.21, "better_l1")]
)
def test_test_errors_say_at_which_lambda_they_are(lang: str, mean: float, code: str) -> None:
    l1 = side("l1", LOW, i_1se=1, test=[1.0, 2.0, 3.0, 4.0])
    l2 = side("l2", LOW, i_1se=2, test=[5.0, 6.0, 7.0, 8.0], test_spread=0.25)
    text = said(lang, l1=l1, l2=l2, n_test=25, test=Difference(mean, 0.2))
    each = [("2", "0.5", "10"), ("7", "0.25", "1")]
    errors = [
        translate(lang, "fact.test_error", error=e, std_error=s, lam=lam) for e, s, lam in each
    ]
    assert translate(lang, "fact.test", rows="25", l1=errors[0], l2=errors[1]) in text
    assert translate(lang, f"fact.test_{code}") in text
    others = {"tied", "better_l1", "better_l2"} - {code}
    assert all(translate(lang, f"fact.test_{other}") not in text for other in others)


def test_one_test_row_has_no_spread_and_no_verdict() -> None:
    sides = {p: side(p, LOW, test=LOW, test_spread=math.nan) for p in ("l1", "l2")}
    text = said(**sides, n_test=1, test=Difference(2.0, math.nan))
    error = translate("en", "fact.test_error_one", error="4.5", lam="10")
    assert translate("en", "fact.test", rows="1", l1=error, l2=error) in text
    assert text.endswith(f"{error}.")


def test_without_test_rows_nothing_is_said_of_them() -> None:
    assert "test rows" not in said()


@pytest.mark.parametrize(
    ("gaps", "missed"),
    [([0.0, 1e-12], None), ([0.0, 1.01e-12], "1"), ([2e-12, 1e-6], "2"), ([0.0, math.nan], "1")],
)
def test_the_certificate_counts_what_missed_the_tolerance(
    gaps: list[float], missed: str | None
) -> None:
    comparison = compared(side("l1", LOW), side("l2", LOW), cv=TIED)
    certificates = [Certificate("gap", gap, 1e-12) for gap in gaps]
    result: Any = SimpleNamespace(comparison=comparison, certificates=certificates, seconds=1.0)
    text = certificate(result, Translator("en"))
    if missed is None:
        assert text.startswith("Certificate: over both paths")
    else:
        assert text.startswith(f"{missed} of 2 fits missed")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_each_kind_of_certificate_has_a_sentence_of_its_own(lang: str) -> None:
    kinds: tuple[CertificateKind, ...] = ("gap", "stationarity")
    certificates = [Certificate(kind, value, 1e-6) for kind in kinds for value in (1e-7, 2e-6)]
    comparison = compared(side("l1", LOW), side("l2", LOW), cv=TIED)
    result: Any = SimpleNamespace(comparison=comparison, certificates=certificates, seconds=1.0)
    text = certificate(result, Translator(lang))
    shown = {"value": number(2e-6, zeros=True), "tol": number(1e-6, zeros=True)}
    for kind in kinds:
        shown["measure"] = translate(lang, f"certificate.{kind}")
        missed = translate(lang, "linear.certificate_missed", missed="1", total="2", **shown)
        assert missed in text
