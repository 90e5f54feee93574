"""Dropout networks with scikit-learn's manners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from .._classes import by_class, decision_of, labels_of, weigh_classes
from .._validation import FloatArray, as_weights, describe, refuse
from ..losses import Logistic, Loss, Multinomial
from .base import DropoutMLP, Rates
from .continuing import unless_refused
from .kinds import DropoutKind
from .losses import Gaussian, NetworkLoss, mean_of, resolve_regression_loss
from .network import TrainingCallback
from .scaling import Scale


class DropoutMLPRegressor(RegressorMixin, DropoutMLP):  # type: ignore[misc]
    """A network of dense layers for regression, with dropout and penalties on its weights.

    Minimizes ``(1/Σw) Σ w_i E_mask ℓ(y_i, f(x_i; mask)) + Σ_layers λ P(W_l)`` on columns and
    targets that `scale` has centred and scaled; biases are never penalized. Penalties act by a
    proximal step in the optimizer's own metric, so that weights become exactly zero and the fit
    rests where this objective does. Losses in the history, λ, `max_norm` and weights are in these
    scaled units, which `explain_objective` prints; predictions, and all that is measured of them,
    are in those of y.

    Args:
        hidden_layer_sizes: units of each hidden layer; () is a linear model.
        activation: "identity", "relu", "leaky_relu", "tanh", "logistic", "gelu", "silu", "selu".
        loss: "squared" (also y (n, K)), "poisson", "gamma", "huber", "quantile", "gaussian" (mean
            and variance), a loss object, or `shrinkage.neural.Quantiles`.
        scale: "standard", columns less their weighted mean over their 1/n standard deviation;
            "robust", less the median over the interquartile range (over the standard deviation
            where that is 0; quartiles interpolated as numpy does, with weights those of the
            weighted distribution); or None, X and y as they are. Taken from the training rows in
            float64, cast once; a constant column keeps scale 1, sparse columns their centre.
            `partial_fit` and warm starts keep those of the first call. Targets of the squared,
            Huber, quantile and gaussian losses are treated likewise, Huber's δ being divided by
            their scale; those of poisson and gamma stay. An input that is dropped becomes its
            column's centre.
        dropout: probability of dropping a hidden unit, in [0, 1); one, or one per hidden layer;
            None: 0.1 for regression, 0.2 for classes.
        input_dropout: of dropping an input.
        dropout_kind: "bernoulli", one decision for each unit and example; "gaussian", a factor of
            N(1, p/(1 − p)) for each; "alpha", for selu; "batch", one decision for each unit and
            batch, so that dropped units are not computed at all; "dropconnect", one for each weight
            and batch, with the rate of what enters its layer (Wan et al. 2013, who draw one for
            each example too: the same on average, less noise, but far more work); "concrete"
            or `shrinkage.neural.Concrete`, rates that are learned, one a layer, from `dropout` and
            `input_dropout` on, where 0 stays 0; "masksembles" or `shrinkage.neural.Masksembles`,
            a few masks that come back, each trained on its share of the examples. All are for
            training: predictions have everything on.
        dropout_schedule: "constant", "early" (the first half of max_epochs), "late" (the second) or
            "front_loaded" (from twice the rate down to 0).
        input_groups: a label for each input; inputs of one label are dropped together.
        penalty: None, "l1", "l2", "elasticnet", "unit_group", "input_group" or a penalty object;
            one for all layers, or a list with one entry per layer.
        lam: λ ≥ 0, likewise. max_norm: bound of the norm of the weights into a unit, likewise.
        optimizer: "sgd", "momentum", "adam" or "adamw" (whose L2 part decays weights directly).
        learning_rate, momentum, beta_1, beta_2, epsilon: of the optimizer, as in PyTorch.
        learning_rate_schedule: "constant", "linear" or "cosine", down to 0 at max_epochs.
        clip_norm: bound of the norm of a step's whole gradient; None: none.
        batch_size: examples of a step; the step of a smaller last batch is smaller in proportion.
        max_epochs: epochs to train.
        early_stopping: stop when the loss of `validation_fraction` of the data has not improved by
            `tol` for `n_iter_no_change` epochs; the best weights are kept.
        start: "auto" (by the activation), "he", "glorot" or "lecun".
        warm_start: whether `fit` starts from the weights there are.
        dtype: "float32" or "float64".
        kkt_every: epochs between two KKT residuals in the history, beside the one of the weights
            that `fit` ends with; None: that one alone; 0: none at all.
        random_state: a number is the seed itself, by which `shrinkage.core.dropout_mask` draws the
            masks again.
        callback: called about every 50 ms with a `shrinkage.neural.TrainingProgress`; returning
            True stops the fit, which keeps what is done.

    Attributes:
        coefs_: list of weights (inputs, units). intercepts_: list of biases (units,).
        scaling_: a `shrinkage.neural.Scaling`, what was done to X and y; None with scale=None.
        history_: a `shrinkage.neural.History`, one row an epoch. n_iter_: epochs run.
        ending_: "none" (all epochs run), "early_stopping", "cancelled" or "diverged", said
            of a fit too whose predictions of the training rows are not all finite.
        dropout_rates_: (L,) dropout rates of what enters each layer, as they were at the end.
        kkt_residual_: of the scaled objective, with its standard error.
        seed_: what masks are drawn by.
    """

    usual_dropout = 0.1

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 64),
        activation: str = "relu",
        *,
        loss: str | NetworkLoss = "squared",
        scale: Scale | None = "standard",
        dropout: Rates | None = None,
        input_dropout: float = 0.0,
        dropout_kind: DropoutKind = "bernoulli",
        dropout_schedule: str = "constant",
        input_groups: Sequence[int] | None = None,
        penalty: Any = None,
        lam: Any = 0.0,
        max_norm: Any = None,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        learning_rate_schedule: str = "constant",
        momentum: float = 0.9,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        clip_norm: float | None = None,
        batch_size: int = 32,
        max_epochs: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        start: str = "auto",
        warm_start: bool = False,
        dtype: str = "float32",
        kkt_every: int | None = None,
        random_state: Any = None,
        n_threads: int | None = None,
        callback: TrainingCallback | None = None,
    ) -> None:
        self._keep(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = getattr(self._loss_or_none(), "targets", "real") != "real"
        tags.target_tags.multi_output = self.loss in ("squared", "gaussian")
        return tags

    def _loss_or_none(self) -> NetworkLoss | None:
        try:
            return resolve_regression_loss(self.loss)
        except ValueError:  # fit will say so
            return None

    def _target_checks(self) -> dict[str, Any]:
        return {"y_numeric": True, "multi_output": True}

    def _as_target(self, y: Any) -> FloatArray:
        loss = resolve_regression_loss(self.loss)
        target = np.asarray(y, dtype=np.float64)
        if target.ndim == 2 and target.shape[1] == 1:
            target = column_or_1d(target, warn=True)
        several = isinstance(loss, Gaussian) or (isinstance(loss, Loss) and loss.multitarget)
        if target.ndim == 2 and not several:
            remedy = 'use loss="squared" or "gaussian" for several targets'
            raise refuse("y", describe(target), remedy, code="argument.shape")
        least = getattr(loss, "targets", "real")
        wrong = {"real": target != target, "nonnegative": target < 0, "positive": target <= 0}[
            least
        ]
        if wrong.any():
            index = int(np.argwhere(wrong)[0][0])
            wanted = {"real": "that are numbers", "nonnegative": "of at least 0"}
            remedy = f"give targets {wanted.get(least, 'above 0')} for this loss"
            raise refuse(f"y[{index}]", target[index], remedy, code="argument.range", index=index)
        return target

    def _prepared(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool = True
    ) -> tuple[Any, FloatArray, Any, NetworkLoss]:
        X, y = self._design(X, reset=reset, y=y)
        weights = as_weights(sample_weight, X.shape[0])
        return X, self._as_target(y), weights, resolve_regression_loss(self.loss)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> DropoutMLPRegressor:
        """One epoch over X and y, from the weights and moments there are.

        What `set_params` changed since holds from now on; of what shaped the network it is refused.
        """
        with unless_refused(self):
            first = not hasattr(self, "_network")
            X, target, weights, loss = self._prepared(X, y, sample_weight, reset=first)
            self._next_epoch(X, target, weights, loss, first=first)
        self._run(1, residual_at_end=False, learns=False)
        return self

    def predict(self, X: Any) -> FloatArray:
        """(n,) predictions with all units on; (n, K) for K targets or quantiles."""
        eta = self._eta(X)
        return mean_of(self._network.loss, eta)

    def predict_std(self, X: Any) -> FloatArray:
        """(n,) or (n, K) standard deviations, with loss="gaussian"."""
        check_is_fitted(self)
        if not isinstance(self._network.loss, Gaussian):
            remedy = 'use loss="gaussian", which learns the variance'
            raise refuse("loss", repr(self.loss), remedy, code="argument.loss")
        eta = self._eta(X)
        log_variance = eta[:, eta.shape[1] // 2 :]
        deviation = np.exp(0.5 * log_variance)
        return np.asarray(deviation[:, 0] if deviation.shape[1] == 1 else deviation)


class DropoutMLPClassifier(ClassifierMixin, DropoutMLP):  # type: ignore[misc]
    """A network of dense layers for classes, with dropout and penalties on its weights.

    Two classes have one output and the logistic loss, more one output each and softmax. Arguments
    and attributes as in `DropoutMLPRegressor`, and

    Args:
        class_weight: None, "balanced" (each of K classes weighs Σw/K) or a mapping from labels to
            factors, 1 for labels it leaves out; it multiplies `sample_weight`.

    Attributes:
        classes_: the labels in sorted order.
    """

    usual_dropout = 0.2

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 64),
        activation: str = "relu",
        *,
        scale: Scale | None = "standard",
        dropout: Rates | None = None,
        input_dropout: float = 0.0,
        dropout_kind: DropoutKind = "bernoulli",
        dropout_schedule: str = "constant",
        input_groups: Sequence[int] | None = None,
        penalty: Any = None,
        lam: Any = 0.0,
        max_norm: Any = None,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        learning_rate_schedule: str = "constant",
        momentum: float = 0.9,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        clip_norm: float | None = None,
        batch_size: int = 32,
        max_epochs: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        class_weight: Mapping[Any, float] | str | None = None,
        start: str = "auto",
        warm_start: bool = False,
        dtype: str = "float32",
        kkt_every: int | None = None,
        random_state: Any = None,
        n_threads: int | None = None,
        callback: TrainingCallback | None = None,
    ) -> None:
        self._keep(locals())

    def _target_checks(self) -> dict[str, Any]:
        return {"multi_output": False}

    def _loss(self) -> Loss:
        return Logistic() if len(self.classes_) == 2 else Multinomial()

    def _as_target(self, y: Any) -> FloatArray:
        """The place of each label among the classes."""
        labels = column_or_1d(y, warn=True)
        unknown = ~np.isin(labels, self.classes_)
        if unknown.any():
            index = int(np.flatnonzero(unknown)[0])
            known = ", ".join(repr(label) for label in self.classes_.tolist())
            remedy = f"use the labels {known}; name all in the first partial_fit(classes=...)"
            value = repr(labels[index : index + 1].tolist()[0])
            raise refuse(f"y[{index}]", value, remedy, code="argument.choice", index=index)
        return np.asarray(np.searchsorted(self.classes_, labels), dtype=np.float64)

    def _set_classes(self, labels: npt.NDArray[Any]) -> None:
        found = np.unique(labels)
        if len(found) < 2:
            value = f"<1 class, {found.tolist()[0]!r}>" if len(found) else "<no label>"
            remedy = "give observations of at least two classes"
            raise refuse("y", value, remedy, code="argument.classes", n_classes=len(found))
        self.classes_: npt.NDArray[Any] = found

    def _prepared(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool = True
    ) -> tuple[Any, FloatArray, Any, NetworkLoss]:
        X, y = self._design(X, reset=reset, y=y)
        check_classification_targets(y)
        self._set_classes(y)
        weights = weigh_classes(self.class_weight, y, as_weights(sample_weight, X.shape[0]))
        return X, self._as_target(y), as_weights(weights, X.shape[0]), self._loss()

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> DropoutMLPClassifier:
        """One epoch over X and y, from the weights and moments there are.

        Args:
            classes: all labels that will ever come; needed by the first call unless y has them all.
        """
        with unless_refused(self):
            self._ready(X, y, classes, sample_weight)
        self._run(1, residual_at_end=False, learns=False)
        return self

    def _ready(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> None:
        """Readies the epoch of `partial_fit`."""
        first = not hasattr(self, "_network")
        X, y = self._design(X, reset=first, y=y)
        check_classification_targets(y)
        if first:
            self._set_classes(y if classes is None else np.asarray(classes))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            remedy = "give those of the first call, or none"
            raise refuse("classes", repr(classes), remedy, code="argument.choice")
        target = self._as_target(y)
        weights = as_weights(sample_weight, X.shape[0])
        if self.class_weight is not None:
            if isinstance(self.class_weight, str):
                remedy = "give a mapping: one part of the data does not know how often classes come"
                value = repr(self.class_weight)
                raise refuse("class_weight", value, remedy, code="argument.choice")
            weights = weigh_classes(self.class_weight, y, weights, self.classes_)
        self._next_epoch(X, target, weights, self._loss(), first=first)

    def decision_function(self, X: Any) -> FloatArray:
        """(n,) η, positive for the second of two classes; (n, K) for more."""
        return decision_of(self._eta_of_classes(X))

    def predict_proba(self, X: Any) -> FloatArray:
        """(n, K) probabilities in the order of `classes_`, all units on."""
        eta = self._eta_of_classes(X)
        return by_class(self._loss().mean, eta)

    def predict_log_proba(self, X: Any) -> FloatArray:
        """(n, K) their logarithms, finite where a probability is too small to be told from 0."""
        eta = self._eta_of_classes(X)
        return by_class(self._loss().log_mean, eta)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """(n,) labels."""
        return labels_of(self._eta_of_classes(X), self.classes_)

    def _eta_of_classes(self, X: Any) -> FloatArray:
        """(n,) η for two classes, (n, K) for more."""
        eta = self._eta(X)
        return eta[:, 0] if eta.shape[1] == 1 else eta
