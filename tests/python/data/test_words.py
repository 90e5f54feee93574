"""A column of free text becomes sparse columns of its commonest words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer

import shrinkage as sh
from shrinkage.data import Prepared, RawTable, guess_target, prepare, read_table
from shrinkage.data import words as module
from shrinkage.data.words import words_of
from shrinkage.errors import DataError

GOOD, BAD = ["bright", "kind", "swift"], ["dull", "rude", "late"]
FILLER = ["the", "room", "that", "we", "had", "been", "given", "was", "near", "some", "large"]
N = 160


def reviews(n: int = N) -> pd.DataFrame:
    """Texts with one telling word, and a label that follows it in most rows; no two are alike."""
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 2, n)
    texts = [
        " ".join([*rng.permutation(FILLER)[:9], (GOOD if kind else BAD)[i % 3]]).capitalize() + "."
        for i, kind in enumerate(kinds)
    ]
    label = np.where((kinds == 1) != (rng.uniform(size=n) < 0.15), "good", "bad")
    return pd.DataFrame({"review": texts, "stars": rng.normal(size=n), "label": label})


def made(frame: pd.DataFrame | None = None, **options: Any) -> Prepared:
    table = RawTable(reviews() if frame is None else frame, "reviews", "delimited")
    return prepare(table, "label", **options)


def step(prepared: Prepared, code: str) -> Any:
    (found,) = [step for step in prepared.steps if step.code == code]
    return found


def test_words_become_sparse_columns_that_scikit_learn_would_make() -> None:
    prepared = made()
    X = prepared.X
    assert isinstance(X, sparse.csc_array)
    expected = TfidfVectorizer(min_df=2)
    of_words = expected.fit_transform(reviews()["review"])
    names = list(expected.get_feature_names_out())
    assert list(prepared.feature_names) == [*names, "stars"]
    assert prepared.origin == (*["review"] * len(names), "stars")
    np.testing.assert_allclose(X[:, : len(names)].toarray(), of_words.toarray(), atol=1e-15)
    np.testing.assert_array_equal(X[:, [-1]].toarray()[:, 0], reviews()["stars"])
    said = step(prepared, "text_words")
    assert dict(said.fields) == {"words": len(names), "seen": len(names)}
    assert said.undoable


def test_the_words_in_most_rows_are_kept() -> None:
    whole, part = made(), made(max_words=5)
    kept = part.feature_names[:-1]
    assert len(kept) == 5
    rows = dict(zip(whole.feature_names, np.diff(whole.X.indptr), strict=True))
    least = min(rows[word] for word in kept)
    others = [rows[word] for word in whole.feature_names[:-1] if word not in kept]
    assert least >= max(others)
    fields = step(part, "text_words").fields
    assert (fields["words"], fields["seen"]) == (5, len(whole.feature_names) - 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't CALL 0800-123 a b!", ["don", "call", "0800", "123"]),
        ("这家酒店很好", ["这家", "家酒", "酒店", "店很", "很好"]),
        ("好, WiFi快", ["好", "wifi", "快"]),
        ("Müller_2 straße", ["müller_2", "straße"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("...", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_chinese_reviews_are_text_too() -> None:
    rng = np.random.default_rng(1)
    parts = ["房间干净", "服务热情", "早餐丰富", "位置方便", "价格便宜", "设施很新"]
    texts = ["，".join(rng.permutation(parts)[:4]) + f"第{i}次" for i in range(N)]
    prepared = made(reviews().assign(review=texts))
    assert {"房间", "服务", "早餐"} <= set(prepared.feature_names)


def test_steps_of_a_text_are_undone_one_after_the_other() -> None:
    first = made(undo={"text_words:review"})
    assert [s.code for s in first.steps] == ["dropped_text"]
    assert [s.id for s in first.undone] == ["text_words:review"]
    assert isinstance(first.X, np.ndarray)
    assert first.feature_names == ("stars",)
    second = made(undo={"text_words:review", "dropped_text:review"})
    assert "one_hot" in {s.code for s in second.steps}
    assert isinstance(second.X, np.ndarray)


def test_names_of_several_words_become_words_on_request() -> None:
    rng = np.random.default_rng(2)
    first = [f"{'Mrs' if i % 2 else 'Mr'} A{i}" for i in range(N)]
    frame = reviews().assign(review=[f"{name} Smith" for name in rng.permutation(first)])
    before = made(frame)
    assert step(before, "dropped_identifier").column == "review"
    after = made(frame, undo={"dropped_identifier:review"})
    assert {"mr", "mrs", "smith"} <= set(after.feature_names)


def test_missing_texts_are_empty() -> None:
    frame = reviews()
    frame.loc[::4, "review"] = None
    prepared = made(frame)
    assert step(prepared, "empty_text").fields["count"] == N // 4
    words = [i for i, origin in enumerate(prepared.origin) if origin == "review"]
    assert prepared.X[::4][:, words].nnz == 0
    assert prepared.X[1::4][:, words].nnz > 0


def test_two_text_columns_tell_their_words_apart() -> None:
    frame = reviews()
    frame["title"] = frame["review"].to_numpy()[::-1]
    names = made(frame).feature_names
    assert {"review: bright", "title: bright"} <= set(names)
    assert len(set(names)) == len(names)


def test_no_common_word_leaves_the_column_out() -> None:
    lone = [f"{i:x}".rjust(48, "f") for i in range(N)]
    prepared = made(reviews().assign(review=lone))
    assert step(prepared, "dropped_no_words").column == "review"
    with pytest.raises(DataError) as caught:
        made(reviews().assign(review=lone).drop(columns="stars"))
    assert caught.value.code == "data.no_words"
    assert caught.value.fields["value"] == ["review"]


def test_texts_that_are_all_missing() -> None:
    with pytest.raises(DataError) as caught:
        made(reviews().assign(review=None).drop(columns="stars"))
    assert caught.value.code == "data.all_missing"


def test_new_rows_and_refitting() -> None:
    prepared = made()
    new = pd.DataFrame({"review": ["Rude and unheard-of", None], "stars": [1.0, 2.0]})
    X = prepared.preparation.transform(new)
    names = list(prepared.feature_names)
    assert X[0, names.index("rude")] > 0
    assert X[[1], :].nnz == 1  # the stars alone
    again = clone(prepared.preparation).fit(prepared.features.iloc[:40])
    assert again.transform(prepared.features).shape[0] == N


def test_a_flood_of_rare_words_keeps_to_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_COUNTED", 1500)
    frame = reviews()
    frame["review"] = [f"{text} {' '.join(f'junk{i}x{k}' for k in range(50))}"
                       for i, text in enumerate(frame["review"])]  # fmt: skip
    assert {"bright", "rude", "room"} <= set(made(frame).feature_names)
    assert not any(name.startswith("junk") for name in made(frame).feature_names)


def test_the_data_set_is_hashed_by_its_content() -> None:
    one, two = made().dataset(), made().dataset()
    assert one == two
    assert hash(one) == hash(two)
    other = made(max_words=5).dataset()
    assert one != other
    assert one.X.dtype == np.float64
    assert (one.n_samples, one.n_features) == one.X.shape


def test_the_path_finds_the_telling_words() -> None:
    data = made().dataset()
    path = sh.fit_path(data.X, data.y, loss="logistic", n_lambdas=30)
    weights = dict(zip(data.feature_names, path.coefs[:, 5], strict=True))
    kept = {word for word, weight in weights.items() if weight}
    assert data.classes == ("bad", "good")
    assert len(kept) > 2
    assert kept <= {*GOOD, *BAD}
    assert all((weights[word] > 0) == (word in GOOD) for word in kept)


def test_sms(shared_data: Callable[[str], Path]) -> None:
    table = read_table(shared_data("sms_spam.tsv.gz"))
    assert guess_target(table) == "label"
    data = prepare(table, "label", max_words=300).dataset()
    assert data.X.shape == (5574, 300)
    assert sparse.issparse(data.X)
    assert data.X.nnz < 0.05 * 5574 * 300
    path = sh.fit_path(data.X, data.y, loss="logistic", n_lambdas=30)
    weights = dict(zip(data.feature_names, path.coefs[:, 12], strict=True))
    assert data.classes == ("ham", "spam")
    assert weights["txt"] > 0
    assert weights["claim"] > 0
    assert 10 < path.n_nonzero[12] < 290
