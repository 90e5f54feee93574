"""L1 and L2 on the same data, side by side, with one control that moves both.

Position i of the control is the i-th λ of the L1 grid. A link says which λ of L2 belongs to it:

    "df"        the same effective degrees of freedom: nonzero coefficients for L1, the trace of the
                hat matrix for L2 (see `shrinkage.linear.degrees_of_freedom`)
    "best"      both the same multiple of their own λ.min
    "1se"       both the same multiple of their own λ.1se
    "textbook"  the same λ_t of Σ(ŷ−y)² + λ_t Σ|w| and Σ(ŷ−y)² + λ_t Σw² (classes: −Σ log p + ...),

with the loss's own first term where it is not the squared one. "df" needs a loss with a curvature,
and columns of which a matrix fits; else it is not among the links.

Every λ that a link asks for is fitted. Where this is much work (thousands of words) the grids are
coarser and the cross-validation of L2 is done on its grid only and interpolated between (the errors
at other λ are then no fits); `PenaltyComparison.thinned` says so. What L2 cannot attain within its
grid is clipped to the grid's end, and the link says at which positions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from shrinkage import core
from shrinkage._runtime import single_threaded_blas
from shrinkage._validation import refuse
from shrinkage.conventions import textbook_lambda
from shrinkage.errors import InvalidArgument
from shrinkage.linear import degrees_of_freedom as df
from shrinkage.linear.cv import cross_validate
from shrinkage.linear.facts import Fact, summary_facts
from shrinkage.linear.geometry import GeometryBasis, make_basis
from shrinkage.linear.links import DF_FITS, LINKS, Link, nearest, union_grid, wanted_lambdas
from shrinkage.linear.paired import Difference, paired_over_folds, paired_over_rows
from shrinkage.linear.path import fit_request
from shrinkage.linear.request import PathRequest
from shrinkage.linear.rows import Folds, Rows, as_table, make_folds, take, test_mask
from shrinkage.linear.sides import PenaltySide
from shrinkage.losses import Loss, resolve_loss

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Callback = Callable[[Any], bool | None]

SMALL = 0.01
"""A coefficient counts as small below this share of the largest."""
TOL = 1e-12
"""Relative duality gap asked of every fit; tight, so that the geometry touches to the eye."""
KINKED_TOL = 1e-7
"""The same for a loss with kinks: rounding ends at a vertex's 1e-9, and no geometry is drawn."""
DF_FLOPS = 5e12
"""Degrees of freedom of L2 that would take more operations are left out: about a minute."""
MUCH_WORK = 2e12
"""Above so many operations the comparison is thinned; some 20 s on one core."""
THIN_LAMBDAS, THIN_TOL = 50, 1e-7


@dataclass(frozen=True)
class PenaltyComparison:
    """Result of `compare_penalties`; see there.

    `score` says what the errors are: "mse", "deviance" (twice the mean loss above that of a perfect
    fit) or "loss" (the mean loss). `pair` is the picture's choice of two features, None where there
    is no picture. `tol` is the relative duality gap that was asked of every fit. `thinned`: it was
    much work, so that L2's cross-validation errors between the λ of its grid are interpolated.
    """

    loss: Loss
    l1: PenaltySide
    l2: PenaltySide
    links: Mapping[str, Link]
    feature_names: tuple[str, ...]
    top: Indices
    classes: tuple[str, ...] | None
    facts: tuple[Fact, ...]
    score: str
    n_rows: int
    n_test: int
    n_folds: int
    seed: int
    standardize: bool
    tol: float
    thinned: bool
    pair: tuple[int, int] | None

    def side(self, penalty: str) -> PenaltySide:
        """`l1` or `l2` by name."""
        return self.l1 if penalty == "l1" else self.l2

    def geometry(self, penalty: str) -> GeometryBasis:
        """The geometry of a side, where there is a picture (`pair` is not None).

        Raises:
            ValueError: the loss has kinks, so that there is no picture.
        """
        basis = self.side(penalty).geometry
        if basis is None:
            raise ValueError(f"the {self.loss.name} loss has kinks: it has no geometry to draw")
        return basis


# Threads of BLAS wait for each other by spinning: on a busy machine that takes ten times as long.
@single_threaded_blas()
def compare_penalties(
    X: Any,
    y: ArrayLike,
    *,
    loss: str | Loss = "squared",
    feature_names: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
    test_rows: ArrayLike | None = None,
    cv: int | Folds = 10,
    n_lambdas: int = 100,
    seed: int = 1,
    standardize: bool = True,
    n_top: int = 40,
    n_threads: int | None = None,
    callback: Callback | None = None,
) -> PenaltyComparison:
    """Fit the L1 and the L2 path with cross-validation and tie them to one control.

    Args:
        X: (n, p) table or scipy sparse matrix; a DataFrame's column names become the feature names.
        y: (n,) numbers, or two classes for "logistic" and "squared_hinge" (the larger is the
            event).
        loss: see `fit_path`.
        feature_names: p names, instead of the DataFrame's.
        classes: display names of the two classes, smaller label first.
        test_rows: row numbers or a mask of n booleans; held out of everything but `test_error`.
        cv: number of shuffled folds (stratified for classes; leave-one-out below 30 rows), or
            folds of the training rows.
        n_lambdas: length of each grid, and of the control.
        seed: of the folds.
        standardize: penalize coefficients of columns scaled to unit standard deviation.
        n_top: features of which geometry is kept, largest first.
        n_threads: see `fit_path`.
        callback: called with the progress of each fit; True stops, which raises `Cancelled`.

    Raises:
        InvalidArgument: what is wrong, with the remedy; from the fits too.
    """
    loss = resolve_loss(loss)
    if loss.multiclass:
        remedy = 'use a loss of one η per observation, such as "logistic" for one class at a time'
        raise refuse("loss", repr(loss.name), remedy, code="argument.loss")
    names, X_all = as_table(X, feature_names)
    y_all = np.asarray(y)
    held_out = test_mask(test_rows, X_all.shape[0])
    if y_all.shape != (X_all.shape[0],):
        raise InvalidArgument(
            f"y has shape {y_all.shape}; X has {X_all.shape[0]} rows, so y must be "
            f"({X_all.shape[0]},)",
            code="comparison.y_shape",
            argument="y",
            value=list(y_all.shape),
            remedy=f"({X_all.shape[0]},)",
        )
    train = Rows(take(X_all, ~held_out), y_all[~held_out])
    test = Rows(take(X_all, held_out), y_all[held_out]) if held_out.any() else None
    folds = make_folds(train.y, cv, loss=loss, seed=seed) if isinstance(cv, int) else cv
    thin = _is_much_work(train.X, loss, len(folds), n_lambdas)
    n_lambdas = min(n_lambdas, THIN_LAMBDAS) if thin else n_lambdas
    tol = THIN_TOL if thin else TOL if loss.smooth else KINKED_TOL
    request = PathRequest(
        X=train.X,
        y=train.y,
        loss=loss,
        n_lambdas=n_lambdas,
        standardize=standardize,
        tol=tol,
        n_threads=n_threads,
        callback=callback,
    )
    ridge = replace(request, penalty="l2")
    l1_cv: Any = cross_validate(replace(request, penalty="l1"), cv=folds)
    l2_grid: Any = cross_validate(ridge, cv=folds)
    labels = l1_cv.path.classes
    if labels is not None:
        train = train.coded(labels[1], loss)
        test = None if test is None else test.coded(labels[1], loss)
    columns = _columns_for_df(train.X, l2_grid.path, loss)
    ridge = replace(ridge, y=train.y)
    wanted = wanted_lambdas(l1_cv, l2_grid, ridge, loss=loss, columns=columns)
    union = union_grid(l2_grid.path.lambdas, [lam for lam, _ in wanted.values()])
    ridge = replace(ridge, lambdas=union)
    l2_cv: Any = _Between(l2_grid, fit_request(ridge)) if thin else cross_validate(ridge, cv=folds)
    top = _top_features(l1_cv, l2_grid, n_top)
    build = _SideBuilder(train, test, loss, top, columns)
    l1 = build.side("l1", l1_cv, l1_cv)
    l2 = build.side("l2", l2_cv, l2_grid)
    facts = summary_facts(
        l1,
        l2,
        0 if test is None else test.y.size,
        cv=paired_over_folds(
            l1_cv.fold_scores[:, l1_cv.index_min],
            l2_grid.fold_scores[:, l2_grid.index_min],
            [held.size for _, held in folds],
        ),
        test=None if test is None else build.test_difference(l1, l2),
    )
    return PenaltyComparison(
        loss=loss,
        l1=l1,
        l2=l2,
        links={name: _link(name, l1, l2, *wanted[name]) for name in LINKS if name in wanted},
        feature_names=names,
        top=top,
        classes=_class_names(labels, classes),
        facts=facts,
        score=loss.score,
        n_rows=train.y.size,
        n_test=0 if test is None else test.y.size,
        n_folds=len(folds),
        seed=seed,
        standardize=standardize,
        tol=tol,
        thinned=thin,
        pair=_default_pair(l1, l2),
    )


def _is_much_work(X: Any, loss: Loss, n_folds: int, n_lambdas: int) -> bool:
    """Whether four λ of L2 for each of the grid, in every fold, are too much to wait for."""
    passes = 1.0 if loss.name == "squared" else 20.0 if loss.smooth else 60.0
    # A step of the interior-point method is a dozen passes over the rows beside its equations.
    once = df.cost_of_one(*X.shape) + (0.0 if loss.smooth else 1500.0 * X.shape[0])
    fits = 4.0 * n_lambdas * (n_folds + 1)
    return passes * fits * once > MUCH_WORK


class _Between:
    """A path with cross-validation errors interpolated in log λ from those of a grid in it."""

    def __init__(self, grid_cv: Any, path: Any) -> None:
        at, wanted = -np.log(grid_cv.path.lambdas), -np.log(path.lambdas)
        wanted = np.clip(wanted, at[0], at[-1])
        self.path = path
        self.mean = PchipInterpolator(at, grid_cv.mean)(wanted)
        self.std_error = PchipInterpolator(at, grid_cv.std_error)(wanted)


def _columns_for_df(X: Any, path: Any, loss: Loss) -> Any:
    """Columns as they are penalized, if degrees of freedom have a meaning and can be afforded.

    A thinned cross-validation is no reason to leave them out: they need none.
    """
    fits = 2 if loss.name == "squared" else DF_FITS
    if not loss.smooth or fits * df.cost_for(X) > DF_FLOPS:
        return None
    return df.scaled_columns(X, path.centers, path.scales)


def _link(
    name: str, l1: PenaltySide, l2: PenaltySide, lam: Array, attained: NDArray[np.bool_]
) -> Link:
    return Link(
        name=name,
        l1=np.arange(l1.lambdas.size, dtype=np.int64),
        l2=nearest(l2.lambdas, lam),
        clipped=~attained,
        start=l1.i_min if name == "best" else l1.i_1se,
    )


def _top_features(l1_cv: Any, l2_cv: Any, n_top: int) -> Indices:
    """Features by the best of four ranks of size: at λ.min and anywhere, for L1 and for L2."""
    ranks = []
    for cv in (l1_cv, l2_cv):
        size = np.abs(np.asarray(cv.path.coefs) * cv.path.scales[:, None])
        at_best = size[:, nearest(cv.path.lambdas, np.array([cv.lambda_min]))[0]]
        for one in (at_best, size.max(axis=1)):
            ranks.append(np.argsort(np.argsort(-one, kind="stable")))
    order = np.lexsort((np.sum(ranks, axis=0), np.min(ranks, axis=0)))
    return order[:n_top].astype(np.int64)


@dataclass(frozen=True)
class _SideBuilder:
    train: Rows
    test: Rows | None
    loss: Loss
    top: Indices
    columns: Any

    def side(self, penalty: str, cv: Any, grid_cv: Any) -> PenaltySide:
        """What `PenaltySide` promises; `grid_cv` holds the regular grid with its λ.min, λ.1se."""
        path = cv.path
        u = np.asarray(path.coefs) * path.scales[:, None]
        size = np.abs(u)
        largest = size.max(axis=0, initial=0.0)
        norm = size.sum(axis=0) if penalty == "l1" else np.sqrt((u * u).sum(axis=0))
        marks = nearest(path.lambdas, np.array([grid_cv.lambda_min, grid_cv.lambda_1se]))
        losses = self._mean_losses(path, self.train)
        test = None if self.test is None else self._test_errors(path, self.test)
        return PenaltySide(
            penalty=penalty,
            lambdas=np.asarray(path.lambdas),
            textbook=path.lambdas
            * textbook_lambda(1.0, loss=self.loss, penalty=penalty, weight_sum=self.train.y.size),
            grid=nearest(path.lambdas, grid_cv.path.lambdas),
            coefs=np.asarray(path.coefs),
            intercepts=np.asarray(path.intercepts),
            scales=np.asarray(path.scales),
            n_zero=(u == 0.0).sum(axis=0),
            n_small=((size < SMALL * largest) | (largest == 0.0)).sum(axis=0),
            norm_share=norm / max(float(norm[-1]), 1e-300),
            df=self._df(penalty, path),
            train_error=self._errors(losses, self.train),
            cv_mean=np.asarray(cv.mean),
            cv_std_error=np.asarray(cv.std_error),
            test_error=None if test is None else test[0],
            test_std_error=None if test is None else test[1],
            train_sum=losses * (self.loss.textbook_factor * self.train.y.size),
            deviance_ratio=np.asarray(path.deviance_ratio),
            certificates=path.certificates,
            regimes=np.asarray(path.regime),
            i_min=int(marks[0]),
            i_1se=int(marks[1]),
            geometry=make_basis(
                self.train.X, self.train.y, path, self.top, penalty=penalty, loss=self.loss
            )
            if self.loss.smooth
            else None,
        )

    def _mean_losses(self, path: Any, rows: Rows) -> Array:
        """Mean loss at every λ, (L,)."""
        losses = np.empty(path.lambdas.size)
        block = max(1, 4_000_000 // max(rows.y.size, 1))
        for start in range(0, losses.size, block):
            part = slice(start, start + block)
            eta = np.asfortranarray(rows.X @ path.coefs[:, part] + path.intercepts[part])
            losses[part] = [core.loss_value(self.loss, rows.y, e) for e in eta.T]
        return losses

    def test_difference(self, l1: PenaltySide, l2: PenaltySide) -> Difference:
        """Test error of L1 less that of L2, each at its λ.1se, row by row."""
        assert self.test is not None
        X, rows = self.test.X, self.test
        etas = [X @ s.coefs[:, s.i_1se] + s.intercepts[s.i_1se] for s in (l1, l2)]
        return paired_over_rows(*(self._row_errors(eta, rows) for eta in etas))

    def _test_errors(self, path: Any, rows: Rows) -> tuple[Array, Array]:
        """Mean error of the rows at every λ and its standard error, (L,) each."""
        mean, std_error = np.empty((2, path.lambdas.size))
        for i in range(mean.size):
            errors = self._row_errors(rows.X @ path.coefs[:, i] + path.intercepts[i], rows)
            mean[i] = errors.mean()
            std_error[i] = errors.std(ddof=1) / np.sqrt(errors.size) if errors.size > 1 else np.nan
        return mean, std_error

    def _row_errors(self, eta: Array, rows: Rows) -> Array:
        """What the score measures, row by row."""
        losses = core.loss_terms(self.loss, rows.y, eta)[0]
        return np.asarray(self.loss.to_score(losses, self.loss.saturated(rows.y)))

    def _errors(self, losses: Array, rows: Rows) -> Array:
        """What the score measures: mean squared error, mean deviance or the mean loss."""
        return np.asarray(self.loss.to_score(losses, float(self.loss.saturated(rows.y).mean())))

    def _df(self, penalty: str, path: Any) -> Array:
        if penalty == "l1" and self.loss.smooth:
            return df.nonzero_count(path.coefs).astype(np.float64)
        if self.columns is None:
            return np.full(path.lambdas.size, np.nan)
        if self.loss.name == "squared":
            return df.ridge_df(df.gram_eigenvalues(self.columns), path.lambdas)
        return df.weighted_ridge_dfs(path, self.train.X, self.train.y, self.loss, self.columns)


def _default_pair(l1: PenaltySide, l2: PenaltySide) -> tuple[int, int] | None:
    """The largest feature and the one that L1 drops while L2 keeps most of it, at λ.1se."""
    if l1.geometry is None or l2.geometry is None or l1.geometry.features.size < 2:
        return None
    u1 = np.abs(l1.geometry.coefs[:, l1.i_1se])
    u2 = np.abs(l2.geometry.coefs[:, l2.i_1se])
    first = int(np.argmax(u1 if u1.any() else u2))
    dropped = np.where(u1 == 0.0, u2, -1.0)
    dropped[first] = -1.0
    kept = np.where(np.arange(u2.size) == first, -1.0, u2)
    second = int(np.argmax(dropped if dropped.max() > 0.0 else kept))
    return first, second


def _class_names(labels: Any, names: Sequence[str] | None) -> tuple[str, ...] | None:
    if labels is None:
        return None
    if names is not None and len(names) == len(labels):
        return tuple(str(name) for name in names)
    return tuple(str(label) for label in labels)
