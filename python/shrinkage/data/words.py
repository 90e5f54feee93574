"""Free text as words: one sparse column a word, weighted by TF-IDF."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkage.data.reading import Reading, Texts
from shrinkage.data.table import StepLog, counted

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROWS = 2
"""Rows in which a word must occur to get a column: what occurs once teaches nothing."""
_MOST_COUNTED = 1_000_000
_LONG, _MANY_WORDS, _SOME_WORDS = 40, 8, 2

_HAN = "\u3041-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]{{2,}}")
_FIRST_HAN = "\u3041"
_WRITTEN_TOGETHER = re.compile(f"[{_HAN}]")


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case, in order, with repeats.

    Runs of two or more letters or digits, as scikit-learn's vectorizers take them. Chinese and
    Japanese, written without spaces, give every two neighbouring characters.
    """
    words = []
    for run in _RUN.findall(text.lower()):
        if run[0] < _FIRST_HAN or not _WRITTEN_TOGETHER.match(run) or len(run) == 1:
            words.append(run)
        else:
            words += [run[i : i + 2] for i in range(len(run) - 1)]
    return words


def is_free_text(texts: Texts) -> bool:
    """Whether the distinct texts are long on average, in characters or in words."""
    some = _some_of(texts)
    return sum(map(len, some)) > _LONG * len(some) or _words_each(some) >= _MANY_WORDS


def has_words(texts: Texts) -> bool:
    """Whether the distinct texts have several words on average, which two texts may share."""
    return _words_each(_some_of(texts)) >= _SOME_WORDS


def _some_of(texts: Texts) -> list[str]:
    """A thousand of the distinct texts, evenly taken."""
    return texts.distinct[:: max(1, len(texts.distinct) // 1000)]


def _words_each(texts: list[str]) -> float:
    return sum(len(words_of(text)) for text in texts) / len(texts)


@dataclass(frozen=True, eq=False)
class WordsPlan:
    """A column of free text: one column a word, scikit-learn's TF-IDF with rows of unit length.

    Attributes:
        reading: how the cells are read; a missing text is an empty one, a row of zeros.
        vectorizer: the fitted ``TfidfVectorizer``.
        words: the words, in the order of their columns.
        prefixed: whether the words bear the name of the column, as with several such columns.
    """

    reading: Reading
    vectorizer: Any
    words: tuple[str, ...]
    prefixed: bool = False

    def names(self, column: str) -> list[str]:
        return [f"{column}: {word}" for word in self.words] if self.prefixed else list(self.words)

    def encode(self, series: pd.Series[Any]) -> sparse.csc_array:
        """The columns, (n, number of words), never dense."""
        texts = self.reading.categories(series)
        return sparse.csc_array(self.vectorizer.transform(_by_row(texts)))

    def with_prefix(self) -> WordsPlan:
        return replace(self, prefixed=True)


@dataclass(frozen=True)
class Vocabulary:
    """The words that get a column, sorted, and how many were to be had."""

    words: tuple[str, ...]
    seen: int


def learn_vocabulary(texts: Texts, max_words: int) -> Vocabulary:
    """The words that occur in most rows, at most ``max_words``, none that occurs in one row only.

    Memory is bounded by the number of different words, not by the length of the texts.
    """
    rows = _rows_of_words(texts)
    common = [word for word, count in rows.items() if count >= LEAST_ROWS]
    kept = sorted(common, key=lambda word: (-rows[word], word))[:max_words]
    return Vocabulary(tuple(sorted(kept)), len(common))


def log_words(vocabulary: Vocabulary, texts: Texts, name: str, log: StepLog) -> bool:
    """Record that a column becomes words; False if that is undone."""
    made, seen, n_missing = len(vocabulary.words), vocabulary.seen, int((texts.codes < 0).sum())
    text = (
        f"“{name}” became {counted(made, 'sparse word column')} (TF-IDF), the commonest of "
        f"{counted(seen, 'word')} in {LEAST_ROWS} rows or more."
    )
    if not log.do("text_words", name, text, words=made, seen=seen):
        return False
    if n_missing:
        text = f"{counted(n_missing, 'missing text')} of “{name}” taken as empty."
        log.do("empty_text", name, text, undoable=False, count=n_missing)
    return True


def plan_words(reading: Reading, texts: Texts, vocabulary: Vocabulary) -> WordsPlan:
    """Learn how rare each word is."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer=words_of, vocabulary=list(vocabulary.words))
    vectorizer.fit(_by_row(texts))
    return WordsPlan(reading, vectorizer, vocabulary.words)


def _rows_of_words(texts: Texts) -> Counter[str]:
    """In how many rows each word occurs; of a flood of rare words the rarest are forgotten."""
    rows: Counter[str] = Counter()
    for text, count in zip(texts.distinct, texts.counts().tolist(), strict=True):
        for word in set(words_of(text)):
            rows[word] += count
        least = 0
        while len(rows) > _MOST_COUNTED:
            least += 1
            rows = Counter({word: seen for word, seen in rows.items() if seen > least})
    return rows


def _by_row(texts: Texts) -> Iterator[str]:
    return ("" if code < 0 else texts.distinct[code] for code in texts.codes.tolist())


def joined(
    parts: Iterable[Any], shape: tuple[int, int], *, as_sparse: bool
) -> NDArray[np.float64] | sparse.csc_array:
    """Columns (n,) and sparse blocks (n, k) side by side: dense in Fortran order, or CSC."""
    if as_sparse:
        blocks = [sparse.csc_array(p if sparse.issparse(p) else p.reshape(-1, 1)) for p in parts]
        return sparse.csc_array(sparse.hstack(blocks, format="csc"))
    matrix = np.empty(shape, dtype=np.float64, order="F")
    for position, column in enumerate(parts):
        matrix[:, position] = column
    return matrix
