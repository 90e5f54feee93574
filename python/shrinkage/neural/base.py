"""What the estimators share: data in, training, what is read off afterwards."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted, validate_data

from .._estimator import Estimator
from .._validation import (
    FloatArray,
    as_array,
    as_integer,
    as_number,
    as_sound,
    as_weights,
    describe,
    refuse,
)
from ..errors import ConvergenceWarning
from .compact import compact
from .ensemble import EnsembleCallback
from .ensemble_result import Ensemble
from .history import History
from .kinds import DropoutKind
from .losses import NetworkLoss
from .network import Ending, Network, TrainingCallback
from .schedules import dropout_factors, learning_rate_factors
from .seeds import resolve_seed
from .setting import Setting

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

    hidden_layer_sizes: int | Sequence[int]
    dropout: Rates
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
        """Weights (inputs, units) of each layer."""
        return self._parameters()[0]

    @property
    def intercepts_(self) -> list[npt.NDArray[Any]]:
        """Biases (units,) of each layer."""
        return self._parameters()[1]

    def _parameters(self) -> tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]]:
        """Read when asked for: a stopped fit of a hundred million weights ends at once."""
        if not hasattr(self, "_read"):
            raise AttributeError(f"this {type(self).__name__} is not fitted yet: call fit first")
        if self._read is None:
            self._read = self._network.parameters()
        return self._read

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags

    def _design(self, X: Any, *, reset: bool, y: Any = "no_validation") -> Any:
        """X in the network's type, rows contiguous; with y, both, scikit-learn's checks done."""
        alone = isinstance(y, str)
        wanted: dict[str, Any] = {} if alone else {"y": y, **self._target_checks()}
        checked = validate_data(
            self,
            as_sound(X),
            reset=reset,
            dtype=(np.float64, np.float32),
            order="C",
            accept_sparse="csr",
            **wanted,
        )
        X, target = (checked, None) if alone else checked
        if X.dtype != np.dtype(self.dtype):
            with np.errstate(over="ignore"):
                X = X.astype(self.dtype)
            if not np.isfinite(X.data if sparse.issparse(X) else X).all():
                remedy = f'scale its columns, or use dtype="float64": an entry exceeds {self.dtype}'
                raise refuse("X", describe(X), remedy, code="argument.range")
        return X if alone else (X, target)

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
        self.seed_ = resolve_seed(self.random_state)
        network = Network(inputs, loss, targets, self._setting(), self.seed_)
        self._regularize(network)
        epochs = as_integer(self.max_epochs, "max_epochs", minimum=1, maximum=2**31)
        self._schedule(network, epochs)
        return network

    def _schedule(self, network: Network, epochs: int, done: int = 0) -> None:
        """Factors of so many epochs, behind those that are done."""
        highest = float(np.max([self.input_dropout, *np.atleast_1d(self.dropout)]))
        factors = {
            "learning_rate": learning_rate_factors(self.learning_rate_schedule, epochs),
            "dropout": dropout_factors(self.dropout_schedule, epochs, highest),
        }
        over = np.ones(done)
        network.schedule(
            **{name: np.append(over, each) if len(each) else each for name, each in factors.items()}
        )

    def _regularize(self, network: Network) -> None:
        network.regularize(**{name: getattr(self, name) for name in REGULARIZATION})

    @abstractmethod
    def _prepared(
        self, X: Any, y: Any, sample_weight: Any, *, reset: bool = True
    ) -> tuple[Any, FloatArray, Any, NetworkLoss]:
        """(X, target, weights, loss) as the network takes them."""

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation: Validation = None
    ) -> Self:
        """Fits to X (n, p), dense or sparse, and targets or labels y.

        Args:
            sample_weight: (n,), relative.
            validation: (X, y) or (X, y, sample_weight) to measure the history's validation loss
                by, and to stop by with early_stopping, in place of a part of the data.
        """
        self._prepare_fit(X, y, sample_weight, validation)
        self._run(self.max_epochs, residual_at_end=self._wants_residual())
        return self

    def _prepare_fit(self, X: Any, y: Any, sample_weight: Any, validation: Validation) -> None:
        """A new network with its examples, not yet trained."""
        if hasattr(self, "kept_inputs_"):
            del self.kept_inputs_
        X, target, weights, loss = self._prepared(X, y, sample_weight)
        held_out = self._validation(validation)
        network = self._start(X.shape[1], loss, self._outputs_for(target))
        if self.warm_start and self.__sklearn_is_fitted__():
            self._warm(network)
        if held_out is None and self.early_stopping:
            X, target, weights, held_out = self._split(X, target, weights)
        network.set_examples(X, target, weights, held_out)
        self._network = network

    def _warm(self, network: Network) -> None:
        """Weights of the fit before, which must have the same shape."""
        before, sizes = self._network.sizes, network.sizes
        if before != sizes:
            remedy = (
                f"warm_start keeps weights of {before} units; fit the same, or warm_start=False"
            )
            raise refuse("hidden_layer_sizes", f"<{sizes} units>", remedy, code="argument.shape")
        network.set_parameters(self.coefs_, self.intercepts_)

    def _one_epoch(
        self, X: Any, target: FloatArray, weights: Any, loss: NetworkLoss, *, first: bool
    ) -> None:
        """One epoch of `partial_fit`."""
        if hasattr(self, "kept_inputs_"):
            remedy = "train the network it was made from, and make it compact again"
            raise refuse("partial_fit", "a compact network", remedy, code="network.compact")
        if first:
            self._network = self._start(X.shape[1], loss, self._outputs_for(target))
        else:
            self._follow()
        self._network.set_examples(X, target, weights)
        self._run(1, residual_at_end=False)

    def _follow(self) -> None:
        """What set_params changed since the network was made, as far as it may change."""
        self._network.set_learning_rate(self.learning_rate)
        self._regularize(self._network)

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

    def _run(self, epochs: int, *, residual_at_end: bool) -> None:
        ending: Ending = "cancelled"
        try:
            ending = self._network.run(
                epochs,
                n_threads=self.n_threads,
                callback=self.callback,
                residual_at_end=residual_at_end,
            )
        finally:  # what was done when Ctrl-C came is kept
            self._read_off(ending)

    def _read_off(self, ending: Ending) -> None:
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
            warnings.warn(
                f"The loss left the range of numbers in epoch {self.n_iter_ + 1}; the weights are "
                "those of the epoch before. Scale the columns of X, or lower the learning rate.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _split(self, X: Any, target: FloatArray, weights: Any) -> tuple[Any, Any, Any, Any]:
        share = as_number(
            self.validation_fraction,
            "validation_fraction",
            minimum=0.0,
            maximum=1.0,
            open_minimum=True,
            open_maximum=True,
        )
        rows = np.arange(X.shape[0])
        by = target if self._n_classes() else None
        try:
            train, test = train_test_split(
                rows, test_size=share, random_state=self.seed_ % 2**32, stratify=by
            )
        except ValueError as error:
            remedy = "give more observations, or set early_stopping=False"
            raise refuse("validation_fraction", share, remedy, code="argument.range") from error
        of_train = None if weights is None else weights[train]
        of_test = None if weights is None else weights[test]
        return X[train], target[train], of_train, (X[test], target[test], of_test)

    def _eta(self, X: Any) -> FloatArray:
        design = self._own_inputs(X)
        return self._network.eta(design, n_threads=self.n_threads)

    def _own_inputs(self, X: Any) -> Any:
        """What the network reads of X."""
        check_is_fitted(self)
        design = self._design(X, reset=False)
        return design[:, self.kept_inputs_] if hasattr(self, "kept_inputs_") else design

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
        return self._network.predict_ensemble(
            self._own_inputs(X),
            kind,
            n_members=n_members,
            standard_error=standard_error,
            masks=masks,
            rates=rates,
            y=None if y is None else self._as_target(y),
            precision=precision,
            keep_members=keep_members,
            random_state=random_state,
            n_threads=self.n_threads if n_threads is None else n_threads,
            callback=callback,
        )

    @property
    def kkt_residual_(self) -> tuple[float, float]:
        """max dist(−∇, ∂λP)/λ of the objective on the training data, and its standard error.

        Computed when asked, on the training data that the estimator holds until it is pickled.
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
