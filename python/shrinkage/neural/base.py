"""What the estimators share: data in, training, what is read off afterwards."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.validation import check_is_fitted, validate_data

from .._estimator import Estimator
from .._validation import (
    FloatArray,
    as_array,
    as_integer,
    as_sound,
    as_weights,
    describe,
    refuse,
)
from ..errors import ConvergenceWarning
from .compact import compact
from .continuing import Beginning, unless_refused
from .ensemble import EnsembleCallback, predict_ensemble
from .ensemble_result import Ensemble
from .explain import objective_text
from .health import Reach, dead_text, remedies
from .history import History
from .kinds import DropoutKind
from .losses import NetworkLoss
from .network import Ending, Network, TrainingCallback
from .scaling import Scaling, as_scale, fit_scaling, refit_targets
from .schedules import dropout_factors, learning_rate_factors
from .seeds import resolve_seed
from .setting import Setting
from .splitting import split
from .units import ensemble_units

Rates = float | Sequence[float]
Validation = tuple[Any, Any] | tuple[Any, Any, Any] | None

# Parameters of the estimators that the network takes as they are.
SETTING = (
    "activation",
    "optimizer",
    "learning_rate",
    "momentum",
    "beta_1",
    "beta_2",
    "epsilon",
    "batch_size",
    "start",
    "early_stopping",
    "n_iter_no_change",
    "tol",
    "clip_norm",
    "dtype",
)
REGULARIZATION = (
    "penalty",
    "lam",
    "max_norm",
    "dropout",
    "input_dropout",
    "dropout_kind",
    "input_groups",
)


class DropoutMLP(Estimator, ABC):
    """Base of regressor and classifier."""

    usual_dropout: ClassVar[float]  # what dropout=None stands for

    hidden_layer_sizes: int | Sequence[int]
    scale: str | None
    dropout: Rates | None
    dropout_kind: DropoutKind
    input_dropout: float
    learning_rate_schedule: str
    dropout_schedule: str
    dtype: str
    max_epochs: int
    early_stopping: bool
    validation_fraction: float
    kkt_every: int | None
    random_state: Any
    warm_start: bool
    n_threads: int | None
    callback: TrainingCallback | None
    _read: tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]] | None
    kept_inputs_: npt.NDArray[np.int64]
    dropout_rates_: FloatArray

    @property
    def coefs_(self) -> list[npt.NDArray[Any]]:
        """Weights (inputs, units) of each layer, of scaled columns and targets."""
        return self._parameters()[0]

    @property
    def intercepts_(self) -> list[npt.NDArray[Any]]:
        """Biases (units,) of each layer, likewise."""
        return self._parameters()[1]

    def coefs_original_(self) -> list[FloatArray]:
        """Weights of the same network for X and y as they came: `scale` in its outer layers."""
        return self._original()[0]

    def intercepts_original_(self) -> list[FloatArray]:
        """The biases to `coefs_original_`."""
        return self._original()[1]

    def _original(self) -> tuple[list[FloatArray], list[FloatArray]]:
        check_is_fitted(self)
        if self.scaling_ is None:
            w, b = ([np.array(x, np.float64) for x in each] for each in self._parameters())
            return w, b
        return self.scaling_.original(self._network.loss, *self._parameters(), self._columns())

    def _parameters(self) -> tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]]:
        """Read when asked for: a stopped fit of a hundred million weights ends at once."""
        if not hasattr(self, "_read"):
            raise AttributeError(f"this {type(self).__name__} is not fitted yet: call fit first")
        if self._read is None:
            self._read = self._network.parameters()
        return self._read

    def explain_objective(self) -> str:
        """What the fit minimizes, in the scaled units it is computed in, and what these are."""
        check_is_fitted(self)
        return objective_text(self._network, self.scaling_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags

    def _design(self, X: Any, *, reset: bool, y: Any = "no_validation") -> Any:
        """X with rows contiguous, scikit-learn's checks done; with y, both."""
        alone = isinstance(y, str)
        wanted: dict[str, Any] = {} if alone else {"y": y, **self._target_checks()}
        return validate_data(
            self,
            as_sound(X),
            reset=reset,
            dtype=(np.float64, np.float32),
            order="C",
            accept_sparse="csr",
            **wanted,
        )

    def _columns(self) -> Any:
        """The columns of X that the network reads."""
        return getattr(self, "kept_inputs_", slice(None))

    def _inputs(self, X: Any) -> Any:
        """Checked X as the network reads it: scaled and of its type."""
        columns = self._columns()
        if self.scaling_ is not None:
            return self.scaling_.scaled_inputs(X, self.dtype, columns)
        X = X if isinstance(columns, slice) else X[:, columns]
        if X.dtype == np.dtype(self.dtype):
            return X
        with np.errstate(over="ignore"):
            X = X.astype(self.dtype)
        if not np.isfinite(X.data if sparse.issparse(X) else X).all():
            remedy = f'scale its columns, or use dtype="float64": an entry exceeds {self.dtype}'
            raise refuse("X", describe(X), remedy, code="argument.range")
        return X

    def _scaled(self, X: Any, target: FloatArray, weights: Any) -> tuple[Any, FloatArray, Any]:
        """Checked examples as the network takes them."""
        y = target if self.scaling_ is None else self.scaling_.scaled_target(target)
        return self._inputs(X), y, weights

    @abstractmethod
    def _target_checks(self) -> dict[str, Any]:
        """What scikit-learn is to check of y."""

    def _setting(self) -> Setting:
        sizes = self.hidden_layer_sizes
        return Setting(
            hidden_layer_sizes=tuple(sizes) if isinstance(sizes, Iterable) else (sizes,),
            kkt_every=0 if self.kkt_every is None else self.kkt_every,
            **{name: getattr(self, name) for name in SETTING},
        )

    def _start(self, inputs: int, loss: NetworkLoss, targets: int) -> Network:
        own = loss if self.scaling_ is None else self.scaling_.scaled_loss(loss)
        network = Network(inputs, own, targets, self._setting(), self.seed_)
        self._regularize(network)
        self._schedule(network, self._epochs())
        return network

    def _epochs(self) -> int:
        return as_integer(self.max_epochs, "max_epochs", minimum=1, maximum=2**31)

    def _schedule(self, network: Network, epochs: int, done: int = 0) -> None:
        """Factors of so many epochs, behind those that are done."""
        highest = float(np.max([self.input_dropout, *np.atleast_1d(self._hidden_dropout())]))
        factors = {
            "learning_rate": learning_rate_factors(self.learning_rate_schedule, epochs),
            "dropout": dropout_factors(self.dropout_schedule, epochs, highest),
        }
        over = np.ones(done)
        network.schedule(
            **{name: np.append(over, each) if len(each) else each for name, each in factors.items()}
        )

    def _hidden_dropout(self) -> Rates:
        """Rates of the hidden layers."""
        return self.usual_dropout if self.dropout is None else self.dropout

    def _regularize(self, network: Network) -> None:
        given = {name: getattr(self, name) for name in REGULARIZATION}
        network.regularize(**{**given, "dropout": self._hidden_dropout()})

    @abstractmethod
    def _prepared(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool = True
    ) -> tuple[Any, FloatArray, Any, NetworkLoss]:
        """(X, target, weights, loss), checked, in the units they came in."""

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation: Validation = None
    ) -> Self:
        """Fits to X (n, p), dense or sparse, and targets or labels y.

        Args:
            sample_weight: (n,), relative.
            validation: (X, y) or (X, y, sample_weight) to measure the history's validation loss
                by, and to stop by with early_stopping, in place of a part of the data.
        """
        with unless_refused(self):
            self._prepare_fit(X, y, sample_weight, validation)
        self._run(self.max_epochs, residual_at_end=self._wants_residual())
        return self

    def _prepare_fit(self, X: Any, y: Any, sample_weight: Any, validation: Validation) -> None:
        """A new network with its examples, not yet trained."""
        before = dict(vars(self)) if self.warm_start and self.__sklearn_is_fitted__() else None
        self.__dict__.pop("kept_inputs_", None)
        X, target, weights, loss = self._prepared(X, y, sample_weight)
        self._setting()  # what is wrong with it is said before anything takes time
        held_out = self._validation(validation)
        self.seed_ = resolve_seed(self.random_state)
        if held_out is None and self.early_stopping:
            labels = self.classes_ if self._n_classes() else None
            rows = split(target, labels, self.validation_fraction, self.seed_)
            examples, held_out = (
                (X[own], target[own], None if weights is None else weights[own]) for own in rows
            )
        else:
            examples = (X, target, weights)
        self.scaling_ = self._scaling_for(*examples, loss, before)
        network = self._start(X.shape[1], loss, self._outputs_for(target))
        if before is not None:
            self._warm(network, before)
        validated = None if held_out is None else self._scaled(*held_out)
        own = self._scaled(*examples)
        network.set_examples(*own, validated, copy=self.scaling_ is None)
        self._reach = Reach.of(*own[:2], scaled=self.scaling_ is not None)
        self._network = network
        self._begun = Beginning.of(self)

    def _scaling_for(
        self, X: Any, target: FloatArray, weights: Any, loss: NetworkLoss, before: Any = None
    ) -> Scaling | None:
        """The statistics of these rows; of a warm start those that its weights speak of."""
        kind = as_scale(self.scale)
        kept = None if before is None else before["scaling_"]
        if before is not None and kind != (None if kept is None else kept.kind):
            remedy = "warm_start keeps weights of another scale; fit the same, or warm_start=False"
            raise refuse("scale", repr(kind), remedy, code="argument.choice")
        if kept is not None and len(kept.inputs.scale) == X.shape[1]:
            return refit_targets(kept, target, weights, loss)
        return None if kind is None else fit_scaling(kind, X, target, weights, loss)

    def _warm(self, network: Network, before: dict[str, Any]) -> None:
        """Weights of the fit before, which must have the same shape and mean the same."""
        had, sizes = before["_network"].sizes, network.sizes
        if had != sizes:
            remedy = f"warm_start keeps weights of {had} units; fit the same, or warm_start=False"
            raise refuse("hidden_layer_sizes", f"<{sizes} units>", remedy, code="argument.shape")
        for name, argument in (("classes_", "y"), ("feature_names_in_", "X")):
            meant, now = before.get(name), getattr(self, name, None)
            if meant is not None and now is not None and not np.array_equal(meant, now):
                known = ", ".join(repr(each) for each in meant.tolist())
                remedy = f"warm_start keeps weights of {known}; fit the same, or warm_start=False"
                raise refuse(argument, f"<{now.tolist()}>", remedy, code="argument.choice")
        network.set_parameters(*before["_network"].parameters())

    def _next_epoch(
        self, X: Any, target: FloatArray, weights: Any, loss: NetworkLoss, *, first: bool
    ) -> None:
        """Readies one epoch of `partial_fit`."""
        if hasattr(self, "kept_inputs_"):
            remedy = "train the network it was made from, and make it compact again"
            raise refuse("partial_fit", "a compact network", remedy, code="network.compact")
        if first:
            self.seed_ = resolve_seed(self.random_state)
            self.scaling_ = self._scaling_for(X, target, weights, loss)
            network = self._start(X.shape[1], loss, self._outputs_for(target))
        else:
            self._begun.require_same(self)
            network = self._network
        examples = self._scaled(X, target, weights)
        if not first:
            self._follow()
        network.set_examples(*examples, copy=self.scaling_ is None)
        self._reach = Reach.of(*examples[:2], scaled=self.scaling_ is not None)
        self._network, self._begun = network, Beginning.of(self)

    def _follow(self) -> None:
        """What set_params changed since the network was made, as far as it may change."""
        self._network.adapt(self._setting())
        self._regularize(self._network)
        self._schedule(self._network, self._epochs())

    def compact(self) -> Self:
        """A copy without dead units and inputs: smaller arrays, the same predictions.

        It takes the same X; ``kept_inputs_`` are the columns that it reads. It cannot be trained
        further.
        """
        check_is_fitted(self)
        smaller = copy(self)
        smaller._network, kept = compact(self._network)
        smaller.kept_inputs_ = (
            kept if not hasattr(self, "kept_inputs_") else self.kept_inputs_[kept]
        )
        smaller._read = None
        return smaller

    def _n_classes(self) -> int:
        """Number of classes, 0 for regression."""
        return len(self.classes_) if hasattr(self, "classes_") else 0

    def _outputs_for(self, target: FloatArray) -> int:
        """Classes beyond two, or targets: what a loss of several outputs is made for."""
        return self._n_classes() if self._n_classes() > 2 else int(np.size(target[0]))

    def _wants_residual(self) -> bool:
        return self.kkt_every is None or self.kkt_every > 0

    def _run(self, epochs: int, *, residual_at_end: bool, learns: bool = True) -> None:
        """Trains on; `learns`: whether it should have learned something when that is done."""
        ending: Ending = "cancelled"
        try:
            ending = self._network.run(
                epochs,
                n_threads=self.n_threads,
                callback=self.callback,
                residual_at_end=residual_at_end,
            )
        finally:  # what was done when Ctrl-C came is kept
            self._read_off(ending, learns=learns)

    def _read_off(self, ending: Ending, *, learns: bool = True) -> None:
        """Attributes of a fit that ended so."""
        network = self._network
        if self.early_stopping:
            network.take_best()
        self._read = None
        self.history_: History = network.history
        self.n_iter_ = len(self.history_)
        self.dropout_rates_ = network.rates
        self.ending_ = ending
        if ending == "diverged":
            self._warn(
                f"The loss left the range of numbers in epoch {self.n_iter_ + 1}; the weights are "
                f"those of the epoch before. {remedies(network, self._reach)}"
            )
        elif ending != "cancelled":
            self._look_at(network.health(n_threads=self.n_threads), learns)

    def _look_at(self, health: dict[str, Any], learns: bool) -> None:
        """Says what is wrong with the predictions of the training rows."""
        if health["not_finite"]:
            self.ending_ = "diverged"
            self._warn(
                f"Predictions of {health['not_finite']} of {health['rows']} training rows left the "
                f"range of numbers by epoch {self.n_iter_}. {remedies(self._network, self._reach)}"
            )
        elif learns and (text := dead_text(self._network, health, self._reach)):
            self._warn(text)

    @staticmethod
    def _warn(text: str) -> None:
        warnings.warn(text, ConvergenceWarning, stacklevel=5)

    def _eta(self, X: Any) -> FloatArray:
        """(n, outputs) linear predictors in the units of y."""
        design = self._own_inputs(X)
        eta = self._network.eta(design, n_threads=self.n_threads)
        return eta if self.scaling_ is None else self.scaling_.answers(self._network.loss, eta)

    def _own_inputs(self, X: Any) -> Any:
        """What the network reads of X."""
        check_is_fitted(self)
        return self._inputs(self._design(X, reset=False))

    def predict_ensemble(
        self,
        X: Any,
        kind: str = "mc",
        *,
        n_members: int | None = None,
        standard_error: float | None = None,
        masks: str = "shared",
        rates: Sequence[float] | None = None,
        y: Any = None,
        precision: float | Sequence[float] | None = None,
        keep_members: bool = False,
        random_state: Any = None,
        n_threads: int | None = None,
        callback: EnsembleCallback | None = None,
    ) -> Ensemble:
        """What the sub-networks that dropout leaves predict for X (n, p) together.

        Args:
            kind: "weight_scaling" (what `predict` does), "mc", "rao_blackwell", "exact_arithmetic"
                or "exact_geometric".
            y: targets or labels to score the members by.
            others: as in `shrinkage.neural.predict_ensemble`, which says what the kinds are.

        Raises:
            InvalidArgument: something cannot be used, such as an exact kind with more than 22 units
                that may be dropped, or a compact network, in which no unit is where masks have it.
        """
        check_is_fitted(self)
        if hasattr(self, "kept_inputs_") and kind != "weight_scaling":
            remedy = "ask the network it was made from: masks speak of its units"
            raise refuse("predict_ensemble", "a compact network", remedy, code="network.compact")
        network, units = self._network, None
        if self.scaling_ is not None and self.scaling_.targets is not None:
            network, units = ensemble_units(network, network.loss, self.scaling_.targets)
        target = None if y is None else self._as_target(y)
        return predict_ensemble(
            network,
            self._own_inputs(X),
            kind,
            n_members=n_members,
            standard_error=standard_error,
            masks=masks,
            rates=rates,
            y=target,
            precision=precision,
            keep_members=keep_members,
            random_state=random_state,
            n_threads=self.n_threads if n_threads is None else n_threads,
            callback=callback,
            units=units,
        )

    @property
    def kkt_residual_(self) -> tuple[float, float]:
        """max dist(−∇, ∂λP)/λ of the objective on the training data, and its standard error.

        The objective is that of `explain_objective`, of scaled columns and targets. Computed when
        asked, on the training data that the estimator holds until it is pickled.
        With dropout the gradient is the mean over 32 draws of the masks.
        """
        check_is_fitted(self)
        return self._network.kkt_residual(n_threads=self.n_threads)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    def _validation(self, validation: Validation) -> Any:
        """(X, target, weights) to measure by; None stays None."""
        if validation is None:
            return None
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            remedy = "give (X, y) or (X, y, sample_weight)"
            kind = f"<{type(validation).__name__}>"
            raise refuse("validation", kind, remedy, code="argument.type")
        X, y, *rest = validation
        X = self._design(X, reset=False)
        given = as_array(y, "validation[1]")
        if given.ndim == 0 or len(given) != X.shape[0]:
            remedy = f"give one target for each of the {X.shape[0]} rows of validation[0]"
            raise refuse("validation[1]", describe(given), remedy, code="argument.length")
        return X, self._as_target(y), as_weights(rest[0] if rest else None, X.shape[0])

    @abstractmethod
    def _as_target(self, y: Any) -> FloatArray:
        """y as the loss takes it."""
