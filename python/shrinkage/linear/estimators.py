"""Penalized linear models with scikit-learn's manners, at one λ or with λ chosen by folds."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from .._classes import by_class, decision_of, labels_of, weigh_classes
from .._estimator import Estimator
from .._validation import FloatArray, as_number, as_sound, refuse
from ..errors import InvalidArgument
from ..losses import LOSSES, Loss, resolve_loss
from ..penalties import Penalty, resolve_penalty
from .certificate import Certificate
from .cv import PathCV, Rule, cross_validate
from .path import fit_request
from .request import PathRequest
from .result import Path


def _kind_of(loss: str | Loss) -> type[Loss] | Loss | None:
    """The loss, or its class; None when there is no such loss, which fit will say."""
    return LOSSES.get(loss) if isinstance(loss, str) else loss


_CURVED = ("logistic", "poisson", "gamma")


class _LinearModel(Estimator):
    """What regressors and classifiers share: fitting through a path, and the linear predictor."""

    loss: str | Loss
    penalty: str | Penalty
    lam: float
    penalty_factor: npt.ArrayLike | None
    lower: npt.ArrayLike | None
    upper: npt.ArrayLike | None
    fit_intercept: bool
    standardize: bool
    tol: float | None
    max_iter: int | None
    n_threads: int | None
    class_weight: Any

    def _request(self, X: Any, y: Any, sample_weight: Any, offset: Any) -> PathRequest:
        return PathRequest(
            X=X,
            y=y,
            loss=self.loss,
            penalty=self.penalty,
            sample_weight=sample_weight,
            offset=offset,
            penalty_factor=self.penalty_factor,
            lower=self.lower,
            upper=self.upper,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            tol=self._usual_tol() if self.tol is None else self.tol,
            max_iter=self.max_iter,
            n_threads=self.n_threads,
        )

    def _usual_tol(self) -> float:
        """Exact enough that weights and copies of rows predict the same to 1e-7."""
        loss, penalty = resolve_loss(self.loss), resolve_penalty(self.penalty)
        return penalty.usual_tol(curved=loss.name in _CURVED) if loss.smooth else 1e-7

    def _validated(self, X: Any, y: Any) -> tuple[FloatArray, npt.NDArray[Any]]:
        wanted = "regression" if self._numeric_target() else "classification"
        if resolve_loss(self.loss).task != wanted:
            names = [f'"{loss.name}"' for loss in LOSSES.values() if loss.task == wanted]
            remedy = f"use {' or '.join(names)} for {wanted}"
            raise refuse("loss", repr(self.loss), remedy, code="argument.loss")
        X, y = validate_data(
            self,
            as_sound(X),
            y,
            dtype=np.float64,
            order="F",
            accept_sparse="csc",
            y_numeric=self._numeric_target(),
            multi_output=self._numeric_target(),
        )
        if self._numeric_target() and np.ndim(y) == 2 and np.shape(y)[1] > 1:
            return X, np.asarray(y)
        return X, column_or_1d(y, warn=True)

    def _fit(self, X: Any, y: Any, sample_weight: Any, offset: Any, **folds: Any) -> Self:
        X, y = self._validated(X, y)
        self._store(*self._fit_path(X, y, sample_weight, offset, **folds))
        return self

    def _numeric_target(self) -> bool:
        return isinstance(self, RegressorMixin)

    def _fit_path(
        self, X: Any, y: Any, sample_weight: Any, offset: Any, **_folds: Any
    ) -> tuple[Path, int]:
        lam = as_number(self.lam, "lam", minimum=0.0)
        request = replace(self._request(X, y, sample_weight, offset), lambdas=[lam])
        path = fit_request(request)
        self.lambda_ = lam
        return path, 0

    def _store(self, path: Path, index: int) -> None:
        self.path_ = path
        coef, intercept = path.coef_at(index), path.intercepts[..., index]
        self.intercept_: float | FloatArray
        if path.outputs is not None:
            self.coef_, self.intercept_ = coef.T, intercept.copy()
        elif path.classes is not None:
            self.coef_, self.intercept_ = coef[None, :], np.array([intercept])
        else:
            self.coef_, self.intercept_ = coef, float(intercept)
        self.certificate_: Certificate = path.certificate(index)
        self.gap_ = float(path.gaps[index])
        self.converged_ = self.certificate_.holds
        self.n_iter_ = int(path.n_iter[index])

    def _eta(self, X: Any, offset: Any) -> FloatArray:
        check_is_fitted(self)
        X = as_sound(X)
        X = validate_data(self, X, dtype=np.float64, accept_sparse=("csr", "csc"), reset=False)
        if self.path_.outputs is not None:
            eta = np.asarray(X @ self.coef_.T + self.intercept_)
        else:
            eta = np.asarray(X @ np.ravel(self.coef_) + np.ravel(self.intercept_)[0])
        return self.path_.shifted(eta, offset)

    def explain_objective(self) -> str:
        """What was minimized, in our form, the textbook's and the peers'."""
        check_is_fitted(self)
        return self.path_.explain_objective(self.lambda_)


class _CrossValidated(_LinearModel):
    """λ chosen by held-out folds."""

    cv: Any
    rule: Rule
    score_by: Any
    lambdas: npt.ArrayLike | None
    n_lambdas: int

    # A pipeline or a search that routes metadata hands groups on without being told to.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": True}

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None, groups: Any = None
    ) -> Self:
        """Fits to X (n, p) and y (n,), or (n, K) where the loss takes several targets.

        Args:
            X, y, sample_weight, offset: as in `shrinkage.fit_path`.
            groups: (n,) labels of rows that the folds keep together, as in `fit_path_cv`; routed
                here by default where scikit-learn routes metadata.
        """
        return self._fit(X, y, sample_weight, offset, groups=groups)

    def _fit_path(
        self, X: Any, y: Any, sample_weight: Any, offset: Any, **folds: Any
    ) -> tuple[Path, int]:
        cv: PathCV = cross_validate(
            replace(
                self._request(X, y, sample_weight, offset),
                lambdas=self.lambdas,
                n_lambdas=self.n_lambdas,
            ),
            cv=self.cv,
            score=self.score_by,
            rule=self.rule,
            **folds,
        )
        self.cv_ = cv
        self.lambda_ = float(cv.path.lambdas[cv.best])
        return cv.path, cv.best


class PenalizedRegressor(RegressorMixin, _LinearModel):  # type: ignore[misc]
    """Penalized regression at one λ.

    Minimizes ``(1/Σw) Σ w_i ℓ(y_i, b + x_i'β) + λ P(β)``; the arguments are those of
    `shrinkage.fit_path`.

    Args:
        loss: "squared", "poisson", "gamma", "huber", "quantile" or a loss object.
        penalty: "l1", "l2", "elasticnet" or a penalty object; for several targets also "row_group".
        lam: λ ≥ 0.
        tol: relative duality gap of the fit; None means 1e-10, 1e-13 with penalty="l2", 1e-18
            for an elastic net with logistic, poisson or gamma loss, and 1e-7 for losses with kinks.

    Attributes:
        coef_: (p,), or (K, p) for K targets. intercept_: number, or (K,). gap_: relative duality
            gap. certificate_: the `Certificate` of the fit. converged_: whether it holds.
        path_: the `Path` of this one λ. n_features_in_, feature_names_in_: as in scikit-learn.
    """

    def __init__(
        self,
        loss: str | Loss = "squared",
        penalty: str | Penalty = "l1",
        lam: float = 1.0,
        *,
        penalty_factor: npt.ArrayLike | None = None,
        lower: npt.ArrayLike | None = None,
        upper: npt.ArrayLike | None = None,
        fit_intercept: bool = True,
        standardize: bool = True,
        tol: float | None = None,
        max_iter: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        self._keep(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        loss = _kind_of(self.loss)
        tags.target_tags.positive_only = getattr(loss, "targets", "real") != "real"
        tags.target_tags.multi_output = loss is not None and loss.multitarget
        tags.regressor_tags.poor_score = self._may_fit_nothing()
        return tags

    def _may_fit_nothing(self) -> bool:
        """Whether λ takes half a deviation or more of a standardized target from every feature, as
        λ = 1 does with L1: its λmax is at most 1 there."""
        lam = getattr(self, "lam", 0.0)
        try:
            kind = resolve_penalty(self.penalty)
        except InvalidArgument:  # which fit will say
            return False
        if not isinstance(lam, numbers.Real):
            return False
        return float(lam) * (1.0 if kind.l1_share is None else kind.l1_share) >= 0.5

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> Self:
        """Fits to X (n, p) and y (n,), or y (n, K) with loss="squared"."""
        return self._fit(X, y, sample_weight, offset)

    def predict(self, X: Any, offset: Any = None) -> FloatArray:
        """(n,) or (n, K) predicted means: e^η for poisson and gamma; quantiles for "quantile".

        Args:
            X: (n, p).
            offset: of these rows, (n,), or (n, K) with K targets, or one number; needed when the
                fit had one.
        """
        eta = self._eta(X, offset)
        return self.path_.loss.mean(eta)

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """R² of `predict`, averaged over targets; arguments as there, `sample_weight` (n,)."""
        return float(r2_score(y, self.predict(X, offset), sample_weight=sample_weight))


class PenalizedClassifier(ClassifierMixin, _LinearModel):  # type: ignore[misc]
    """Penalized classification at one λ.

    Arguments as in `PenalizedRegressor`, with loss="logistic" or "squared_hinge" for two classes,
    "multinomial" for any number of them, and

    Args:
        class_weight: None, "balanced" (each of K classes weighs Σw/K) or a mapping from labels to
            factors, 1 for labels it leaves out; it multiplies `sample_weight`.

    Attributes:
        classes_: the labels; of two the second is the event. coef_: (1, p), or (K, p) for
            loss="multinomial". intercept_: (1,) or (K,).
        gap_, certificate_, converged_, path_: as in `PenalizedRegressor`.
    """

    def __init__(
        self,
        loss: str | Loss = "logistic",
        penalty: str | Penalty = "l1",
        lam: float = 0.01,
        *,
        class_weight: Mapping[Any, float] | str | None = None,
        penalty_factor: npt.ArrayLike | None = None,
        lower: npt.ArrayLike | None = None,
        upper: npt.ArrayLike | None = None,
        fit_intercept: bool = True,
        standardize: bool = True,
        tol: float | None = None,
        max_iter: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        self._keep(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self._multiclass()
        return tags

    def _multiclass(self) -> bool:
        loss = _kind_of(self.loss)
        return loss is not None and loss.multiclass

    def _models_probability(self) -> bool:
        return resolve_loss(self.loss).probabilistic

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> Self:
        """Fits to X (n, p) and y (n,), two labels or, with loss="multinomial", two and more."""
        return self._fit(X, y, sample_weight, offset)

    def _fit(self, X: Any, y: Any, sample_weight: Any, offset: Any, **folds: Any) -> Self:
        X, y = self._validated(X, y)
        check_classification_targets(y)
        found = np.unique(y)
        if len(found) > 2 and not self._multiclass():
            raise ValueError(
                f"Only binary classification is supported. y has {len(found)} classes; keep two, "
                'fit one class against the rest, or use loss="multinomial"'
            )
        if len(found) < 2:
            value = f"<1 class, {found.tolist()[0]!r}>"
            remedy = "give observations of both classes"
            raise refuse("y", value, remedy, code="argument.classes", n_classes=1)
        weights = weigh_classes(self.class_weight, y, sample_weight)
        self._store(*self._fit_path(X, y, weights, offset, **folds))
        self.classes_: npt.NDArray[Any] = found
        return self

    def decision_function(self, X: Any, offset: Any = None) -> FloatArray:
        """(n,) η = offset + b + Xβ, positive for the second class; (n, K) for three and more.

        Args:
            X: (n, p).
            offset: of these rows, (n,), or (n, K) with loss="multinomial", or one number; needed
                when the fit had one.
        """
        return decision_of(self._eta(X, offset))

    @available_if(_models_probability)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, offset: Any = None) -> FloatArray:
        """(n, K) probabilities in the order of `classes_`; not with loss="squared_hinge"."""
        eta = self._eta(X, offset)
        return by_class(self.path_.loss.mean, eta)

    @available_if(_models_probability)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any, offset: Any = None) -> FloatArray:
        """(n, K) logarithms of the probabilities, finite where those round to 0."""
        eta = self._eta(X, offset)
        return by_class(self.path_.loss.log_mean, eta)

    def predict(self, X: Any, offset: Any = None) -> npt.NDArray[Any]:
        """(n,) labels; arguments as in `decision_function`."""
        return labels_of(self._eta(X, offset), self.classes_)

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """Share of right labels; arguments as in `decision_function`, `sample_weight` (n,)."""
        return float(accuracy_score(y, self.predict(X, offset), sample_weight=sample_weight))


class PenalizedRegressorCV(_CrossValidated, PenalizedRegressor):
    """Penalized regression with λ chosen by cross-validation along a path.

    Args:
        cv, rule, lambdas, n_lambdas: as in `shrinkage.fit_path_cv`.
        score_by: as ``score`` there.

    Attributes:
        lambda_: the λ chosen. cv_: the `PathCV`. path_: the whole path; the rest as in
            `PenalizedRegressor`.
    """

    def __init__(
        self,
        loss: str | Loss = "squared",
        penalty: str | Penalty = "l1",
        *,
        cv: Any = 10,
        rule: Rule = "min",
        score_by: Any = None,
        lambdas: npt.ArrayLike | None = None,
        n_lambdas: int = 100,
        penalty_factor: npt.ArrayLike | None = None,
        lower: npt.ArrayLike | None = None,
        upper: npt.ArrayLike | None = None,
        fit_intercept: bool = True,
        standardize: bool = True,
        tol: float | None = None,
        max_iter: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        self._keep(locals())


class PenalizedClassifierCV(_CrossValidated, PenalizedClassifier):
    """Penalized classification with λ chosen by cross-validation along a path.

    Arguments and attributes as in `PenalizedRegressorCV` and `PenalizedClassifier`.
    """

    def __init__(
        self,
        loss: str | Loss = "logistic",
        penalty: str | Penalty = "l1",
        *,
        cv: Any = 10,
        rule: Rule = "min",
        score_by: Any = None,
        lambdas: npt.ArrayLike | None = None,
        n_lambdas: int = 100,
        class_weight: Mapping[Any, float] | str | None = None,
        penalty_factor: npt.ArrayLike | None = None,
        lower: npt.ArrayLike | None = None,
        upper: npt.ArrayLike | None = None,
        fit_intercept: bool = True,
        standardize: bool = True,
        tol: float | None = None,
        max_iter: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        self._keep(locals())
