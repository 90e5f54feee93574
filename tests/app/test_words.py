"""A text column on the Linear screen: words as features, said, undone, set, reproduced."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.runs import fit_linear
from shrinkage.app.script import python_script
from shrinkage.app.services import Services
from shrinkage.app.spec import DEFAULT, FILE_PREFIX, RunSpec, decode, encode

Opened = Callable[..., Any]
GOOD, BAD = ["bright", "kind", "swift"], ["dull", "rude", "late"]
FILLER = ["the", "room", "that", "we", "had", "been", "given", "was", "near", "some", "large"]


def reviews(n: int = 150) -> bytes:
    """Texts with one telling word, and a label that follows it in most rows."""
    rng = np.random.default_rng(3)
    lines = ["review,stars,label"]
    for i, kind in enumerate(rng.integers(0, 2, n)):
        telling = (GOOD if kind else BAD)[i % 3]
        text = " ".join([*rng.permutation(FILLER)[:9], telling])
        label = kind != (rng.uniform() < 0.15)
        lines.append(f'"{text}, {i}",{rng.normal():.3f},{"good" if label else "bad"}')
    return "\n".join(lines).encode()


def result_of(screen: Any) -> Any:
    return screen.shared.fits.jobs()[-1].result


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_become_words_and_the_screen_says_so(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang).upload("reviews.csv", reviews()).use(target="label")
    assert screen.errors == []
    assert screen.board["loss"] == "logistic"
    result = result_of(screen)
    total = result.n_features
    assert set(GOOD + BAD) <= set(screen.board["features"])
    n_words = total - 1
    line = screen.t("context.words_all", column="review", words=str(n_words))
    assert line in screen.texts
    made = screen.t("step.text_words", column="review", words=str(n_words), seen=str(n_words))
    assert made in screen.texts
    names = np.array(result.comparison.feature_names)
    l1, l2 = result.comparison.l1, result.comparison.l2
    kept = set(names[l1.coefs[:, l1.i_1se] != 0])
    assert kept & {*GOOD, *BAD}
    assert len(kept) < total
    weights = dict(zip(names, l2.coefs[:, l2.i_1se], strict=True))
    assert all(weights[word] > 0 for word in GOOD)  # "good" is the event
    assert all(weights[word] < 0 for word in BAD)
    assert all(np.isfinite(each.value) for each in result.certificates)
    assert decode(screen.query("c")).words == DEFAULT.words


def test_the_number_of_words_is_a_setting(open_app: Opened) -> None:
    screen = open_app().upload("reviews.csv", reviews()).use(target="label")
    total = result_of(screen).n_features - 1
    box = screen.widget("selectbox", "words_")
    assert box.value == DEFAULT.words
    spec = decode(screen.query("c")).but(words=7)
    screen = open_app(c=encode(spec))
    line = screen.t("context.words", column="review", words="7", seen=str(total))
    assert line in screen.texts
    assert len(screen.board["features"]) == 8
    assert screen.widget("selectbox", "words_").value == 7
    screen.widget("selectbox", "words_").set_value(200)
    screen.run()
    assert decode(screen.query("c")).words == 200
    assert result_of(screen).n_features == total + 1
    assert screen.t("history.words", n="7") in screen.texts


def test_words_are_undone_and_done_again(open_app: Opened) -> None:
    screen = open_app().upload("reviews.csv", reviews()).use(target="label")
    assert screen.at.get("selectbox")
    steps = [step.code for step in result_of(screen).steps]
    screen.click(f"undo_{steps.index('text_words')}")
    assert screen.board["features"] == ["stars"]
    assert screen.t("step.dropped_text", column="review", distinct="150") in screen.texts
    assert not [w for w in screen.at.selectbox if (w.key or "").startswith("words_")]
    screen.click("redo_0")
    assert "bright" in screen.board["features"]


def test_no_setting_of_words_without_a_text(open_app: Opened) -> None:
    screen = open_app()
    assert not [w for w in screen.at.selectbox if (w.key or "").startswith("words_")]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("cell", "code"), [("f" * 45 + "{i:03d}", "no_words"), ("", "all_missing")]
)
def test_texts_without_use_are_explained(open_app: Opened, lang: str, cell: str, code: str) -> None:
    rows = [f"{cell.format(i=i)},{'ab'[i % 2]}" for i in range(40)]
    screen = open_app(lang=lang).upload("t.csv", "\n".join(["note,y", *rows]).encode())
    screen.use(target="y")
    assert screen.errors == [screen.t(f"error.data.{code}", value="note")]


def stored(shared: Services, *, test: bool = False) -> RunSpec:
    file = shared.shelf.save("reviews.csv", reviews())
    return DEFAULT.but(
        data=FILE_PREFIX + file.digest, target="label", task="classification", cv=3, test=test
    )


def test_the_words_stay_sparse_up_to_the_solver(
    shared: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shrinkage.app import runs

    seen = []
    original = runs.compare_penalties

    def watched(X: Any, *args: Any, **options: Any) -> Any:
        seen.append(X)
        return original(X, *args, **options)

    monkeypatch.setattr(runs, "compare_penalties", watched)
    result = fit_linear(stored(shared, test=True), shared, lambda _: False)
    assert all(sparse.issparse(X) for X in seen)
    assert result.comparison.n_test > 0


@pytest.mark.parametrize("test", [False, True])
def test_the_script_reproduces_a_fit_on_words(
    shared: Services,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    test: bool,
) -> None:
    spec = stored(shared, test=test).but(words=12)
    result = fit_linear(spec, shared, lambda _: False)
    assert result.n_features == 13
    (tmp_path / "reviews.csv").write_bytes(reviews())
    (tmp_path / "fit.py").write_text(python_script(result), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("fit.py", run_name="__main__")
    side = result.comparison.l1
    assert f"l1: lambda.1se = {side.lambdas[side.i_1se]:.6g}" in capsys.readouterr().out


def test_sms(shared: Services, shared_data: Callable[[str], Path]) -> None:
    """Real messages, end to end; few words and folds, for the time it takes."""
    path = shared_data("sms_spam.tsv.gz")
    file = shared.shelf.save(path.name, path.read_bytes())
    spec = DEFAULT.but(
        data=FILE_PREFIX + file.digest, target="label", task="classification", cv=2, words=200
    )
    result = fit_linear(spec, shared, lambda _: False)
    assert (result.n_rows, result.n_features) == (5574, 200)
    side = result.comparison.l1
    weights = dict(zip(result.comparison.feature_names, side.coefs[:, side.i_1se], strict=True))
    assert weights["claim"] > 0  # speaks for spam
    assert weights["txt"] > 0
    assert weights["she"] == 0
    assert 10 < side.n_nonzero[side.i_1se] < 200
    assert all(each.value < 1e-6 for each in result.certificates)
