"""What in a prepared table may give the target away or flatter a validation; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shrinkage.data.plans import DatePlan, NumberPlan
from shrinkage.data.prepare import Prepared
from shrinkage.data.table import Step, counted, make_step, require_pandas

_SAME = 1.0 - 1e-9
_MOST_CELLS = 20_000_000
_LEAST_ROWS = 10


def leakage_hints(prepared: Prepared) -> tuple[Step, ...]:
    """Facts that a person should know before a validation is believed.

    A feature that is the target on another scale, a column each of whose values occurs with one
    value of the target only, rows that occur more than once, whole numbers no two of which are
    alike, and rows in order of time. Each is a step that is not undoable; its code begins with
    ``hint_``. Tables of over 20 million cells, and of fewer than 10 rows, give none.
    """
    n_rows, n_features = prepared.X.shape
    if n_rows < _LEAST_ROWS or n_rows * max(n_features, prepared.features.shape[1]) > _MOST_CELLS:
        return ()
    same = list(_same_as_target(prepared))
    told = {step.column for step in same}
    decided = (step for step in _decided(prepared) if step.column not in told)
    return (*same, *decided, *_repeated_rows(prepared), *_numbered(prepared), *_ordered(prepared))


def _hint(code: str, column: str | None, text: str, **fields: object) -> Step:
    return make_step(f"hint_{code}", column, text, undoable=False, **fields)


def _same_as_target(prepared: Prepared) -> Iterator[Step]:
    if sparse.issparse(prepared.X) or (prepared.classes is not None and len(prepared.classes) > 2):
        return
    y = prepared.y.astype(np.float64)
    y = y - y.mean()
    for index, name in enumerate(prepared.feature_names):
        x = np.asarray(prepared.X[:, index]) - np.mean(prepared.X[:, index])
        scale = float(np.sqrt((x @ x) * (y @ y)))
        if scale > 0 and abs(float(x @ y)) >= _SAME * scale:
            column = prepared.origin[index]
            text = f"“{name}” is the target “{prepared.target}” on another scale."
            yield _hint("same_as_target", column, text, target=prepared.target)


def _decided(prepared: Prepared) -> Iterator[Step]:
    """Columns of which every value, each in two rows on average, occurs with one target only."""
    pandas = require_pandas()
    y = pandas.factorize(prepared.y)[0]
    for column in dict.fromkeys(prepared.origin):
        codes, values = pandas.factorize(prepared.features[column])
        known = codes >= 0
        n_values = len(values)
        if not 2 <= n_values <= known.sum() / 2:
            continue
        pairs = len(np.unique(codes[known].astype(np.int64) * (y.max() + 1) + y[known]))
        if pairs == n_values:
            text = (
                f"Each of the {n_values} values of “{column}” occurs with one value of the target "
                f"“{prepared.target}” only."
            )
            yield _hint("decides_target", column, text, values=n_values, target=prepared.target)


def _repeated_rows(prepared: Prepared) -> Iterator[Step]:
    pandas = require_pandas()
    features = prepared.features[list(dict.fromkeys(prepared.origin))]
    rows = pandas.util.hash_pandas_object(features, index=False).to_numpy()
    repeated = int(pandas.DataFrame({"row": rows, "y": prepared.y}).duplicated().sum())
    if repeated:
        text = (
            f"{counted(repeated, 'row')} repeat an earlier one, target included; a copy may stand "
            "on each side of a split."
        )
        yield _hint("repeated_rows", None, text, count=repeated)


def _numbered(prepared: Prepared) -> Iterator[Step]:
    """Whole numbers that go up or down from row to row, no two alike."""
    for column, plan in prepared.preparation.plans_.items():
        if not isinstance(plan, NumberPlan):
            continue
        values = plan.reading.numbers(prepared.features[column])
        if np.isnan(values).any() or (values != np.floor(values)).any():
            continue
        if _one_way(values):
            text = f"“{column}” goes one way from row to row; it may number the rows."
            yield _hint("numbers_rows", column, text)


def _ordered(prepared: Prepared) -> Iterator[Step]:
    for column, plan in prepared.preparation.plans_.items():
        if not isinstance(plan, DatePlan):
            continue
        moments = plan.reading.moments(prepared.features[column])
        known = moments[~np.isnat(moments)].astype(np.int64)
        steps = known[1:] - known[:-1]
        if len(known) >= _LEAST_ROWS and ((steps >= 0).all() or (steps <= 0).all()):
            text = (
                f"The rows stand in order of “{column}”; folds and a test set drawn at random mix "
                "earlier with later rows."
            )
            yield _hint("order_of_time", column, text)


def _one_way(values: NDArray[np.float64]) -> bool:
    steps = values[1:] - values[:-1]
    return bool((steps > 0).all() or (steps < 0).all())
