"""What the user takes along: tables that no spreadsheet executes, a script that runs."""

from __future__ import annotations

import csv
import io
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.jobs import Report
from shrinkage.app.runs import LinearResult, fit_linear
from shrinkage.app.script import python_script
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, FILE_PREFIX, RunSpec
from shrinkage.app.views.text import number
from shrinkage.export import coefficients_csv, path_csv, safe_cell
from support.sides import compared, side

LOW = [5.0, 4.5, 4.0, 4.2]
quiet: Report = lambda progress: False  # noqa: E731

RNG = np.random.default_rng(7)
FILE = "\n".join(
    ["编号,=cmd,kind,hole,y"]
    + [
        f"R{i:03d},{RNG.normal():.3f},{'abc'[i % 3]},{'' if i % 5 else i % 7},{RNG.normal():.3f}"
        for i in range(60)
    ]
).encode()


@pytest.fixture
def diabetes(diabetes_result: LinearResult) -> LinearResult:
    return diabetes_result


def read(text: str) -> tuple[list[str], list[list[str]]]:
    head, *rows = csv.reader(io.StringIO(text))
    return head, rows


def test_coefficients_as_csv(diabetes: LinearResult) -> None:
    head, rows = read(coefficients_csv(diabetes.comparison))
    assert head == ["feature", "l1_lambda_min", "l1_lambda_1se", "l2_lambda_min", "l2_lambda_1se"]
    side = diabetes.comparison.l1
    values = {name: [float(v) for v in rest] for name, *rest in rows}
    assert values["(lambda)"][0] == side.lambdas[side.i_min]
    assert values["(intercept)"][1] == side.intercepts[side.i_1se]
    assert [values[n][1] for n in diabetes.comparison.feature_names] == list(
        side.coefs[:, side.i_1se]
    )


def test_whole_path_as_csv(diabetes: LinearResult) -> None:
    head, rows = read(path_csv(diabetes.comparison))
    l1, l2 = diabetes.comparison.l1, diabetes.comparison.l2
    assert head[-10:] == list(diabetes.comparison.feature_names)
    assert len(rows) == l1.lambdas.size + l2.lambdas.size
    coefs = np.array([[float(v) for v in row[-10:]] for row in rows])
    assert np.array_equal(coefs, np.hstack([l1.coefs, l2.coefs]).T)


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "|x", "%0A", "\n=1"),
        *("＝1+1", "＋1", "－1", "＠SUM(A1)", "﹦1", "﹢1", "﹣1", "﹫x", "％x", "｜x"),
        *("　＝1", "\ufeff=1", "\u200b＝1", "\tx", "\rx", "\nx", "\xa0=1", "\0=1"),
    ],
)
def test_a_name_is_never_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    for harmless in ("bmi (kg/m²)", "a=b", "x－y", "数据", "", "1e-3"):
        assert safe_cell(harmless) == harmless


SPECS: dict[str, RunSpec] = {
    "diabetes": DEFAULT,
    "simulation with test rows": DEFAULT.but(data="sample:sparse", test=True, cv=5),
    "one class of three": DEFAULT.but(
        data="sample:wine", task="classification", event="class_1", cv=5, test=True, seed=3
    ),
    "raw columns": DEFAULT.but(standardize=False, cv=3),
}


def run(script: str, folder: Path) -> str:
    (folder / "fit.py").write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "fit.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_here(script: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """As ``run``, without the seconds that a new interpreter takes."""
    (folder / "fit.py").write_text(script, encoding="utf-8")
    patch.chdir(folder)
    runpy.run_path("fit.py", run_name="__main__")


def test_the_script_runs_on_its_own(diabetes: LinearResult, tmp_path: Path) -> None:
    side = diabetes.comparison.l1
    printed = run(python_script(diabetes), tmp_path)
    assert f"l1: lambda.1se = {side.lambdas[side.i_1se]:.6g}" in printed


@pytest.mark.parametrize("case", SPECS)
def test_the_script_repeats_the_run(
    shared: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> None:
    result = fit_linear(SPECS[case], shared, quiet)
    run_here(python_script(result), tmp_path, monkeypatch)
    printed = capsys.readouterr().out
    side = result.comparison.l1
    assert f"l1: lambda.1se = {side.lambdas[side.i_1se]:.6g}" in printed


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize(("target", "task"), [("y", "regression"), ("kind", "classification")])
def test_the_script_repeats_a_run_on_a_file(
    shared: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    task: str,
    test: bool,
) -> None:
    name = "it's 数据.csv"
    file = shared.shelf.save(name, FILE)
    undo = ("dropped_mostly_missing:hole",)
    spec = RunSpec(
        data=FILE_PREFIX + file.digest, target=target, task=task, undo=undo, cv=5, test=test
    )
    result = fit_linear(spec, shared, quiet)
    assert "hole" in result.comparison.feature_names
    assert "编号" not in result.comparison.feature_names
    (tmp_path / name).write_bytes(FILE)
    run_here(python_script(result), tmp_path, monkeypatch)
    (tmp_path / name).write_bytes(FILE + b"\n")
    with pytest.raises(AssertionError, match="another file"):
        run_here(python_script(result), tmp_path, monkeypatch)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_a_wrong_number_would_be_noticed(
    diabetes: LinearResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, penalty: str
) -> None:
    before, check, after = python_script(diabetes).partition(f"i = result.{penalty}.i_1se")
    with pytest.raises(AssertionError):
        run_here(
            before + check + after.replace("expected = [", "expected = [1e9 + ", 1),
            tmp_path,
            monkeypatch,
        )


def checks(script: str) -> list[str]:
    """The lines after the fit that compare its numbers with those of the run."""
    return script[script.index("# What was on the screen") :].splitlines()


def test_every_coefficient_of_both_is_checked_at_a_lambda_that_is_named(
    diabetes: LinearResult,
) -> None:
    lines = checks(python_script(diabetes))
    for one in (diabetes.comparison.l1, diabetes.comparison.l2):
        at = lines.index(f"i = result.{one.penalty}.i_1se")
        assert repr(float(one.lambdas[one.i_1se])) in lines[at + 1]
        listed = eval(lines[at + 2].removeprefix("expected = "))
        np.testing.assert_allclose(listed, one.coefs[:, one.i_1se], rtol=1e-9)
        assert lines[at + 3] == f"found = result.{one.penalty}.coefs[:, i]"


@pytest.mark.parametrize("wrong", [None, "listed", "others"])
def test_of_thousands_the_largest_are_checked_and_the_others_by_their_sum(
    diabetes: LinearResult, wrong: str | None
) -> None:
    rng = np.random.default_rng(0)
    coefs = rng.normal(size=(1200, 4))
    kept = np.where(np.abs(coefs) > 1.5, coefs, 0.0)
    made = compared(side("l1", LOW, coefs=kept), side("l2", LOW, coefs=coefs))
    result = replace(diabetes, comparison=made)
    source = "\n".join(checks(python_script(result)))
    assert len(source) < 40_000
    found = coefs.copy()
    small = np.argsort(np.abs(coefs[:, 1]))
    if wrong is not None:
        found[small[-1 if wrong == "listed" else 0], 1] += 0.01
    scope = {"np": np, "result": replace(made, l2=replace(made.l2, coefs=found))}
    if wrong is None:
        exec(source, scope)
        return
    with pytest.raises(AssertionError):
        exec(source, scope)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_panel_says_at_which_lambda_the_files_are(
    open_app: Callable[..., Any], diabetes: LinearResult, lang: str
) -> None:
    l1, l2 = diabetes.comparison.l1, diabetes.comparison.l2
    values = {
        "l1_min": number(l1.lambdas[l1.i_min]),
        "l1_1se": number(l1.lambdas[l1.i_1se]),
        "l2_min": number(l2.lambdas[l2.i_min]),
        "l2_1se": number(l2.lambdas[l2.i_1se]),
    }
    screen = open_app(lang=lang)
    assert screen.t("take.lambdas", **values) in screen.texts


def test_downloads_are_on_the_screen(open_app: Callable[..., Any]) -> None:
    screen = open_app(lang="zh")
    labels = [b.proto.label for b in screen.at.get("download_button")]
    assert labels == [screen.t(f"take.{k}") for k in ("coefficients", "path", "download_code")]
    assert "compare_penalties" in screen.at.code[0].value
