"""The preparation of a table as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from shrinkage.data.limits import Limits
from shrinkage.data.plans import (
    ID_NAME,
    SPLIT_NAME,
    NumberPlan,
    Plan,
    Policy,
    plan_column,
)
from shrinkage.data.reading import KINDS, NEGATIVE_CODES, POSITIVE_CODES, Reading
from shrinkage.data.table import Step, StepLog, require_pandas, unique_names
from shrinkage.data.words import WordsPlan, joined
from shrinkage.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


class TablePreparation(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns a table of numbers, texts and dates into a matrix, in the way it learned in ``fit``.

    Everything that depends on the data (medians, levels, which columns are left out) is learned
    from the rows given to ``fit``, so a preparation can be refitted inside a cross-validation fold.
    In ``transform`` new missing values are filled with the learned medians or levels, texts that
    are not numbers count as missing, and unseen levels count as "(other)" or as none.

    Columns are left out if they hold one value, identify rows, or are mostly missing; numbers get
    medians for missing values; categories become 0/1 columns, one per level (of two levels only
    one), with missing values as a level of their own and rare levels pooled; dates become days,
    month, weekday and hour; free text becomes sparse TF-IDF columns of its commonest words. Every
    step can be undone by its id.

    Args:
        undo: ids of steps not to take (``Step.id``).
        decimal: decimal mark of the table, ``"."`` or ``","``, where a column leaves it open.
        max_levels: levels of a category that get a column; the others are pooled.
        max_missing: share of missing values above which a number column is left out.
        add_indicator: add a 0/1 column for each number column with missing values.
        max_words: words of a text column that get a column, the commonest.
        kinds: ``{column: "number", "category" or "date"}`` for columns whose kind is not to be
            found but is known; a cell that is not of it counts as missing.

    Attributes:
        steps_: list of ``Step``, what was done, in the order of the columns.
        undone_: list of ``Step``, what would have been done but was undone.
        feature_names_in_: (k,) names of the input columns.
        n_features_in_: k.
        origin_: tuple with the input column of each output column.
        is_sparse_: whether ``transform`` returns a sparse matrix.
    """

    def __init__(
        self,
        undo: Iterable[str] = (),
        decimal: str = ".",
        max_levels: int = 30,
        max_missing: float = 0.5,
        add_indicator: bool = False,
        max_words: int = 500,
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        self.undo = undo
        self.decimal = decimal
        self.max_levels = max_levels
        self.max_missing = max_missing
        self.add_indicator = add_indicator
        self.max_words = max_words
        self.kinds = kinds

    def fit(self, X: pd.DataFrame | NDArray[Any], y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's form
        """Learn the preparation.

        Args:
            X: table of n rows and k columns.
            y: ignored.

        Raises:
            shrinkage.errors.DataError: the table is empty, or no column is left (code
                ``data.no_features``; ``data.all_missing`` or ``data.no_words`` where that is why);
                ``data.unknown_kind``, ``data.unknown_column`` or ``data.wrong_kind``.
        """
        frame = _as_frame(X)
        if not len(frame):
            raise DataError(
                "X has no rows; pass a table with rows",
                code="data.no_rows",
                argument="X",
                value=0,
                remedy="pass a table with rows",
            )
        log = StepLog(frozenset(self.undo))
        kinds = _checked_kinds(self.kinds, frame)
        policy = Policy(
            self.max_levels,
            self.max_missing,
            self.add_indicator,
            self.decimal,
            self.max_words,
            kinds,
        )
        plans = _distinguished(_plan_columns(frame, policy, log))
        names = list(frame.columns)
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        self.plans_ = {name: plan for name, plan in zip(names, plans, strict=True) if plan}
        self.is_sparse_ = any(isinstance(plan, WordsPlan) for plan in self.plans_.values())
        place = {name: index for index, name in enumerate(names)}
        self.steps_ = sorted(log.steps, key=lambda step: place[step.column or names[0]])
        self.undone_ = log.undone
        self.origin_ = tuple(n for n, plan in self.plans_.items() for _ in plan.names(n))
        # One-hot columns multiply: the limit of the reader holds for the matrix too, but for words,
        # which are sparse.
        dense = [name for name in self.origin_ if not isinstance(self.plans_[name], WordsPlan)]
        Limits().check_shape(len(frame), len(dense))
        if not self.plans_:
            raise _no_features(self.steps_, names)
        return self

    def transform(self, X: pd.DataFrame | NDArray[Any]) -> NDArray[np.float64] | sparse.csc_array:
        """The prepared matrix, shape (n, p), float64, no missing values.

        In Fortran order; with a text column among them sparse by columns (CSC).

        Raises:
            shrinkage.errors.DataError: a column that is needed is not in X (code
                ``data.missing_columns``).
        """
        check_is_fitted(self)
        frame = _as_frame(X)
        absent = [name for name in self.plans_ if name not in frame.columns]
        if absent:
            shown = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
            raise DataError(
                f"X lacks {len(absent)} columns that the preparation was fitted on: {shown}; "
                "pass a table with the same columns",
                code="data.missing_columns",
                argument="X",
                value=absent,
                remedy="pass a table with the same columns",
            )
        shape = (len(frame), len(self.origin_))
        return joined(self._parts(frame), shape, as_sparse=self.is_sparse_)

    def _parts(self, frame: pd.DataFrame) -> Iterator[Any]:
        """The columns, (n,) each, and sparse blocks of columns."""
        block, where = _number_block(frame[list(self.plans_)])
        for index, (name, plan) in enumerate(self.plans_.items()):
            if isinstance(plan, NumberPlan) and index in where:
                yield from plan.encode_values(plan.reading.clean(block[:, where[index]]))
            elif isinstance(plan, WordsPlan):
                yield plan.encode(frame[name])
            else:
                yield from plan.encode(frame[name])

    def get_feature_names_out(
        self,
        input_features: Sequence[str] | None = None,  # noqa: ARG002 - scikit-learn's form
    ) -> NDArray[Any]:
        """Names of the output columns, shape (p,): ``age``, ``town=Bern``, ``date: month``, and
        of a text its words.

        Args:
            input_features: ignored; the names of the table are used.
        """
        check_is_fitted(self)
        names = [out for name, plan in self.plans_.items() for out in plan.names(name)]
        return np.array(unique_names(names)[0], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


# Where one reason holds for every column, it has a code of its own.
_ONE_REASON = {"dropped_all_missing": "data.all_missing", "dropped_no_words": "data.no_words"}


def _no_features(steps: list[Step], names: list[str]) -> DataError:
    """The error for a preparation that leaves no column."""
    reasons = "; ".join(step.text for step in steps[:3])
    codes = {step.code for step in steps if step.code.startswith("dropped_")}
    code = _ONE_REASON.get(codes.pop(), "") if len(codes) == 1 else ""
    return DataError(
        f"no feature is left after the preparation: {reasons} Undo one of the steps or add a "
        "column",
        code=code or "data.no_features",
        argument="X",
        value=names if code else len(names),
        reasons=[step.id for step in steps],
        remedy="undo one of the steps or add a column",
    )


def _checked_kinds(kinds: Mapping[str, str] | None, frame: pd.DataFrame) -> Mapping[str, str]:
    for column, kind in (kinds or {}).items():
        if kind not in KINDS:
            raise DataError(
                f"kinds[{column!r}] must be one of {', '.join(KINDS)}, not {kind!r}",
                code="data.unknown_kind",
                argument="kinds",
                value=kind,
                column=column,
                remedy=f"give one of {', '.join(KINDS)}",
            )
        if column not in frame.columns:
            raise DataError(
                f"there is no column “{column}” whose kind could be chosen; use names of features",
                code="data.unknown_column",
                argument="kinds",
                value=column,
                remedy="use names of features",
            )
    return kinds or {}


def _as_frame(X: Any) -> pd.DataFrame:
    pandas = require_pandas()
    if isinstance(X, pandas.DataFrame):
        frame: pd.DataFrame = (
            X if all(isinstance(c, str) for c in X.columns) else X.rename(columns=str)
        )
        if frame.columns.is_unique:
            return frame
        raise DataError(
            "X has several columns of the same name; make the names unique",
            code="data.duplicate_columns",
            argument="X",
            value=sorted(set(frame.columns[frame.columns.duplicated()])),
            remedy="make the names unique",
        )
    array = np.asarray(X)
    if array.ndim != 2:
        raise DataError(
            f"X must have two dimensions, not {array.ndim}; reshape it to rows and columns",
            code="data.bad_shape",
            argument="X",
            value=array.shape,
            remedy="reshape it to rows and columns",
        )
    made: pd.DataFrame = pandas.DataFrame(array).rename(columns=lambda index: f"x{index}")
    return made.infer_objects()


def _number_block(frame: pd.DataFrame) -> tuple[NDArray[np.float64], dict[int, int]]:
    """All number columns as one matrix, and where each column of the frame is in it."""
    positions = [index for index, dtype in enumerate(frame.dtypes) if _is_number_type(dtype)]
    block = frame.iloc[:, positions].to_numpy(dtype=np.float64, na_value=np.nan)
    return block, {position: index for index, position in enumerate(positions)}


def _is_number_type(dtype: Any) -> bool:
    return bool(require_pandas().api.types.is_numeric_dtype(dtype))


def _plan_columns(frame: pd.DataFrame, policy: Policy, log: StepLog) -> list[Plan | None]:
    """A plan per column; plain number columns are judged together, so that wide tables are fast."""
    block, where = _number_block(frame)
    plain = _plain_columns(block, [str(frame.columns[position]) for position in where])
    medians = np.median(block[:, plain], axis=0) if plain.any() else np.empty(0)
    fills = np.full(block.shape[1], np.nan)
    fills[plain] = medians
    plans: list[Plan | None] = []
    for position, name in enumerate(frame.columns):
        column = where.get(position)
        if column is not None and plain[column] and name not in policy.kinds:
            plans.append(NumberPlan(Reading("number"), float(fills[column])))
        else:
            plans.append(plan_column(frame.iloc[:, position], name, policy, log))
    return plans


def _distinguished(plans: list[Plan | None]) -> list[Plan | None]:
    """With several text columns their words bear the names of the columns."""
    if sum(isinstance(plan, WordsPlan) for plan in plans) < 2:
        return plans
    return [plan.with_prefix() if isinstance(plan, WordsPlan) else plan for plan in plans]


def _plain_columns(block: NDArray[np.float64], names: list[str]) -> NDArray[np.bool_]:
    """Columns that no rule of ``plans`` can touch: complete, varying, no code, no identifier."""
    n_rows = block.shape[0]
    finite = np.isfinite(block).all(axis=0)
    safe = np.where(finite, block, 0.0) if not finite.all() else block
    low, high = safe.min(axis=0, initial=np.inf), safe.max(axis=0, initial=-np.inf)
    code = np.isin(low, NEGATIVE_CODES) | np.isin(high, POSITIVE_CODES)
    counts_rows = np.isin(low, (0.0, 1.0)) & (high - low + 1 == n_rows)
    named = np.array(
        [bool(ID_NAME.fullmatch(name) or SPLIT_NAME.fullmatch(name)) for name in names], dtype=bool
    )
    result: NDArray[np.bool_] = finite & (low < high) & ~code & ~counts_rows & ~named
    return result
