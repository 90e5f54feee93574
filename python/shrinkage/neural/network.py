"""A network with its optimizer, trained some epochs at a time: what the estimators are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Literal, TypeVar, cast

import numpy as np
import numpy.typing as npt

from .._runtime import resolve_threads, watch_native
from .._validation import (
    FloatArray,
    as_floats,
    as_integer,
    as_number,
    as_weights,
    refuse,
)
from ..core import _native, require_every_unit
from ..losses import Squared
from .arrays import design_of, owned
from .ensemble import predict_ensemble
from .history import History
from .kinds import (
    DropoutKind,
    ResolvedKind,
    as_groups,
    layer_rates,
    require_constant,
    require_grouping,
    require_rates,
    resolve_dropout_kind,
)
from .losses import NetworkLoss, native_loss
from .penalties import penalty_rows
from .setting import OPTIMIZER_PARAMETERS, Setting, require_memory

Ending = Literal["none", "cancelled", "early_stopping", "diverged"]
NATIVE: dict[str, type[_native.NetworkFloat32] | type[_native.NetworkFloat64]] = {
    "float32": _native.NetworkFloat32,
    "float64": _native.NetworkFloat64,
}
T = TypeVar("T")


@dataclass(frozen=True)
class TrainingProgress:
    """How far training has come, as callbacks see it.

    Attributes:
        epoch: finished epochs of this call.
        total: epochs to run.
        history: all finished epochs, those of earlier calls included.
        seconds: time since the start of the call.
    """

    epoch: int
    total: int
    history: History
    seconds: float


TrainingCallback = Callable[[TrainingProgress], bool | None]


class Network:
    """Parameters, optimizer and history of one network.

    Between two calls of `run` everything may be read, changed, saved and restored; the same state
    goes on with the same bits, for any number of threads.

    Args:
        inputs: number of columns of X.
        loss: of the output. targets: number of targets or classes.
        setting: how it learns.
        seed: of weights, order and masks, 0 … 2⁶⁴ − 1.
    """

    def __init__(
        self, inputs: int, loss: NetworkLoss, targets: int, setting: Setting, seed: int
    ) -> None:
        self.setting = setting
        self.loss = loss
        self.dtype: Any = np.dtype(setting.dtype)
        self._arguments = (inputs, loss, targets, setting, seed)
        self._inputs, self._n = inputs, 0
        self._regularization: dict[str, Any] = {}
        self._rates: list[tuple[str, float]] = []  # argument and rate, one a layer
        self._factors: dict[str, Any] = {}
        self._learning_rate: float | None = None  # another than that of the setting
        require_memory(setting, inputs, loss, targets)
        self._native = NATIVE[setting.dtype](
            sizes=[inputs, *setting.hidden_layer_sizes],
            activation=setting.activation,
            **native_loss(loss, targets),
            optimizer=setting.optimizer,
            optimizer_parameters=setting.optimizer_parameters,
            learning_rate=setting.learning_rate,
            batch_size=setting.batch_size,
            seed=seed,
            kkt_every=setting.kkt_every,
            early_stopping=setting.early_stopping,
            patience=setting.n_iter_no_change,
            improvement=setting.tol,
        )
        self._native.draw_start(setting.start)
        self.schedule()

    def regularize(
        self,
        *,
        penalty: Any = None,
        lam: Any = 0.0,
        max_norm: Any = None,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        dropout_kind: DropoutKind = "bernoulli",
        input_groups: Sequence[int] | None = None,
    ) -> None:
        """Sets penalties and dropout for the epochs to come; early stopping starts anew.

        Args:
            penalty, lam, max_norm: one for all layers, or a list with one entry per layer.
            dropout: rate of the hidden layers, one for all or a list. input_dropout: of the input.
            dropout_kind: "bernoulli", "gaussian", "alpha", "batch", "dropconnect", "masksembles"
                or `shrinkage.neural.Masksembles`, "concrete" or `shrinkage.neural.Concrete`, whose
                learned rates start from those given here, anew when they or the kind change.
            input_groups: a label for each input; inputs of one label are dropped together.
        """
        kind = resolve_dropout_kind(dropout_kind)
        require_constant(kind, self._factors.get("dropout", ()))
        rates = layer_rates(dropout, input_dropout, len(self.setting.hidden_layer_sizes))
        rows = penalty_rows(penalty, lam, max_norm, self.setting.depth)
        groups = as_groups(input_groups, self._inputs)
        if groups:
            require_grouping(kind)
        for name, rate in rates:
            require_every_unit(kind.n_members, rate, name)
        self._native.set_regularization(
            penalties=rows,
            rates=[rate for _, rate in rates],
            kind=kind.name,
            input_groups=groups,
            concrete=_native.ConcreteOptions(**asdict(kind.concrete)),
            n_members=kind.n_members,
        )
        self._rates = rates
        self._regularization = dict(
            penalty=penalty,
            lam=lam,
            max_norm=max_norm,
            dropout=dropout,
            input_dropout=input_dropout,
            dropout_kind=dropout_kind,
            input_groups=input_groups,
        )

    def schedule(self, *, learning_rate: npt.ArrayLike = (), dropout: npt.ArrayLike = ()) -> None:
        """Factors of the learning rate and of all dropout rates.

        Entry e is for epoch e, counted from the first of this network; the last one stays in force,
        and an empty list stands for 1. See `shrinkage.neural.schedules`.
        """
        factors = {
            "learning_rate": as_floats(np.asarray(learning_rate, float), "learning_rate", ndim=1),
            "dropout": as_floats(np.asarray(dropout, float), "dropout", ndim=1),
        }
        for name, values in factors.items():
            if (values < 0).any():
                raise refuse(
                    name, "<negative factors>", "give factors of at least 0", code="argument.range"
                )
        require_constant(self.dropout_kind, factors["dropout"])
        clip = math.inf if self.setting.clip_norm is None else self.setting.clip_norm
        self._native.set_schedule(list(factors["learning_rate"]), list(factors["dropout"]), clip)
        self._factors = factors

    def set_learning_rate(self, rate: float) -> None:
        """The learning rate of the epochs to come."""
        self._learning_rate = as_number(rate, "learning_rate", minimum=0.0, open_minimum=True)
        self._native.set_learning_rate(self._learning_rate)

    def adapt(self, setting: Setting) -> None:
        """Takes what may change between epochs from a setting of the same network.

        These are batch size, numbers of the optimizer, the bound of the gradient, epochs between
        two residuals, and the learning rate.
        """
        names = ("batch_size", "clip_norm", "kkt_every", *OPTIMIZER_PARAMETERS)
        self.setting = replace(self.setting, **{name: getattr(setting, name) for name in names})
        self._arguments = (*self._arguments[:3], self.setting, self.seed)
        self._native.set_optimizer(
            parameters=self.setting.optimizer_parameters,
            batch_size=setting.batch_size,
            kkt_every=setting.kkt_every,
        )
        self.set_learning_rate(setting.learning_rate)
        self.schedule(**self._factors)  # with the bound

    def set_examples(
        self,
        X: Any,
        y: FloatArray,
        weights: FloatArray | None = None,
        validation: tuple[Any, FloatArray, FloatArray | None] | None = None,
        *,
        copy: bool = True,
    ) -> None:
        """The examples to train on, (n, p) and (n,) or (n, K), and those to measure by.

        Weights are relative. A mask's row is an example's place in X.

        Args:
            copy: whether to keep arrays of our own where the caller's would do, who may then change
                them.
        """
        train = self._examples(X, y, weights, copy=copy)
        other = (None,) * 3 if validation is None else self._examples(*validation, copy=copy)
        self._native.set_examples(*train, *other)
        self._n = len(y)

    def run(
        self,
        epochs: int,
        *,
        n_threads: int | None = None,
        callback: TrainingCallback | None = None,
        residual_at_end: bool = False,
    ) -> Ending:
        """Trains `epochs` epochs more and says why it ended, "none" when all were run.

        Args:
            callback: called about every 50 ms; returning True stops, with the steps done in force.
            residual_at_end: whether to go back to the best weights of early stopping, if there are
                any, and to write the KKT residual into the last row of the history. With dropout
                its gradient is the mean of one draw for every eight epochs run just now, at least 2
                and at most 32: a draw costs about what an epoch does.

        Raises:
            Interrupted: on Ctrl-C, likewise.
        """
        epochs = as_integer(epochs, "epochs", minimum=0, maximum=2**31)
        threads = resolve_threads(n_threads)
        self._require_rates(epochs)

        def snapshot(control: _native.Control) -> TrainingProgress:
            now = control.progress()
            return TrainingProgress(now["done"], epochs, self.history, now["seconds"])

        ending = watch_native(
            lambda control: self._native.run(epochs, threads, control, residual_at_end),
            flops=6.0 * self.n_parameters * self._n * epochs,
            time_limit=None,
            callback=callback,
            snapshot=snapshot,
        )
        return cast(Ending, ending)

    def _require_rates(self, epochs: int) -> None:
        """Refuses rates that the schedule lifts too far in the epochs to come."""
        factors = self._factors["dropout"]
        if len(factors):
            done = min(len(self.history), len(factors) - 1)
            require_rates(self._rates, factors[done : done + max(epochs, 1)])

    predict_ensemble = predict_ensemble

    @property
    def seed(self) -> int:
        """Of weights, order and masks."""
        return int(self._arguments[-1])

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return sum((n + 1) * units for n, units in pairwise(self.sizes))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, hidden units …, outputs."""
        return tuple(self._native.sizes)

    @property
    def dropout_kind(self) -> ResolvedKind:
        """The kind of dropout in force."""
        return resolve_dropout_kind(self._regularization.get("dropout_kind", "bernoulli"))

    @property
    def input_groups(self) -> list[int]:
        """The number of each input's group; empty: each input is its own."""
        return as_groups(self._regularization.get("input_groups"), self._inputs)

    @property
    def history(self) -> History:
        """All finished epochs; may be asked while `run` works on another thread."""
        return History(**self._native.history())

    @property
    def updates(self) -> int:
        """Optimizer updates so far: the `step` of the next batch's masks."""
        return self._native.updates

    def parameters(self) -> tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]]:
        """Weights (inputs, units) and biases (units,) of each layer, as copies."""
        weights, biases = self._native.parameters()
        return weights, biases

    def set_parameters(self, weights: Sequence[Any], biases: Sequence[Any]) -> None:
        """Replaces weights and biases; the optimizer keeps its moments."""
        self._native.set_parameters(
            [np.ascontiguousarray(w, dtype=self.dtype) for w in weights],
            [np.ascontiguousarray(b, dtype=self.dtype) for b in biases],
        )

    def take_best(self) -> None:
        """Goes back to the best weights of early stopping, if there are any."""
        self._native.take_best()

    def eta(self, X: Any, *, n_threads: int | None = None) -> FloatArray:
        """(n, outputs) linear predictors, all units on."""
        threads = resolve_threads(n_threads)
        return self._watched(
            lambda control: self._native.outputs(self._design(X), threads, control), X.shape[0]
        )

    def mean_loss(
        self,
        X: Any,
        y: FloatArray,
        weights: FloatArray | None = None,
        *,
        n_threads: int | None = None,
    ) -> float:
        """Mean loss, all units on."""
        threads = resolve_threads(n_threads)
        examples = self._examples(X, y, weights)
        return self._watched(
            lambda control: self._native.mean_loss(*examples, threads, control), X.shape[0]
        )

    def kkt_residual(self, *, n_threads: int | None = None) -> tuple[float, float]:
        """max dist(−∇, ∂λP)/λ on the training examples, and its standard error over the masks.

        Biases and layers without penalty are measured in the largest λ. With dropout the gradient
        is the mean of 32 draws; without, the error is 0.
        """
        self._require_rates(1)
        threads = resolve_threads(n_threads)
        return self._watched(
            lambda control: self._native.kkt_residual(threads, control), 100 * self._n
        )

    def health(self, *, n_threads: int | None = None) -> dict[str, Any]:
        """What the network makes of its own examples, all units on.

        Returns:
            rows: looked at, and not_finite: those without a finite prediction; dead_layer: the
            first hidden layer that gives the same for all training rows, 0 where there is none, and
            constant: whether the outputs do.
        """
        threads = resolve_threads(n_threads)
        return self._watched(lambda control: self._native.health(threads, control), self._n)

    def loss_and_gradient(
        self, step: int, *, n_threads: int | None = None
    ) -> tuple[float, list[npt.NDArray[Any]], list[npt.NDArray[Any]]]:
        """Mean training loss with the masks of `step`, and its gradient by weights and biases.

        Of learned rates both with what these cost.
        """
        self._require_rates(1)
        threads = resolve_threads(n_threads)
        return self._watched(
            lambda control: self._native.loss_and_gradient(step, threads, control), 3 * self._n
        )

    @property
    def learning_rate(self) -> float:
        """In force, before what a schedule multiplies it by."""
        return self.setting.learning_rate if self._learning_rate is None else self._learning_rate

    @property
    def strengths(self) -> FloatArray:
        """(L,) λ in force, of each layer of weights."""
        given, depth = self._regularization, self.setting.depth
        rows = penalty_rows(given.get("penalty"), given.get("lam", 0.0), None, depth)
        return np.array([row.lam for row in rows])

    @property
    def rates(self) -> FloatArray:
        """(L,) dropout rates in force, of what enters each layer; learned ones as they are now."""
        return self._native.rates()

    def penalty(self) -> float:
        """λP of all layers; with learned rates and examples also what they cost."""
        return self._native.penalty()

    def checkpoint(self) -> dict[str, Any]:
        """All that changes while training, and the seed; `restore` takes it back.

        What `regularize` and `schedule` were told is not in it, as both may change at any time;
        pickle keeps all.
        """
        return {**self._native.state(), "seed": self.seed}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a checkpoint of a network of the same shape and seed, bit by bit."""
        if state.get("seed", self.seed) != self.seed:
            remedy = f"restore it in a network of seed {state['seed']}: masks and order follow it"
            raise refuse("seed", self.seed, remedy, code="argument.choice")
        self._native.restore(state)

    def resized(self, inputs: int, setting: Setting) -> Network:
        """A fresh network of the same loss and seed, of another shape."""
        _, loss, targets, _, seed = self._arguments
        return Network(inputs, loss, targets, setting, seed)

    def reading(self, setting: Setting, outputs: int) -> Network:
        """A fresh network of one input whose outputs are read as they are."""
        return Network(1, Squared(), outputs, setting, 0)

    def __getstate__(self) -> dict[str, Any]:
        # The examples stay behind.
        return {
            "arguments": self._arguments,
            "regularization": self._regularization,
            "factors": self._factors,
            "learning_rate": self._learning_rate,
            "state": self.checkpoint(),
        }

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self.__init__(*saved["arguments"])  # type: ignore[misc]
        self.regularize(**saved["regularization"])
        self.schedule(**saved["factors"])
        if saved.get("learning_rate") is not None:
            self.set_learning_rate(saved["learning_rate"])
        self.restore(saved["state"])

    def _watched(self, call: Callable[[_native.Control], T], rows: int) -> T:
        return watch_native(
            call,
            flops=2.0 * self.n_parameters * rows,
            time_limit=None,
            callback=None,
            snapshot=_nothing,
        )

    def _examples(
        self, X: Any, y: FloatArray, weights: FloatArray | None, *, copy: bool = False
    ) -> tuple[Any, Any, Any]:
        target = np.array(y, dtype=np.float64, order="C", copy=True if copy else None).reshape(-1)
        if weights is not None:
            given = np.asarray(as_weights(weights, len(y)))
            largest = given.max()  # beyond it the mean would overflow
            given = given / largest if largest > 1e150 else given
            weights = given / given.mean()
        design = self._design(X)
        return owned(design, X) if copy else design, target, weights

    def _design(self, X: Any) -> Any:
        return design_of(X, self.dtype)


def run_many(
    networks: Sequence[Network],
    epochs: int,
    *,
    n_threads: int | None = None,
    callback: Callable[[int], bool | None] | None = None,
    residual_at_end: bool = False,
) -> list[Ending]:
    """Trains networks of one type side by side, each on one thread, `epochs` epochs more.

    Args:
        residual_at_end: as in `Network.run`.
        callback: called about every 50 ms with the epochs finished by all together; returning True
            stops them.
    """
    threads = resolve_threads(n_threads)
    for network in networks:
        network._require_rates(epochs)
    natives: list[Any] = [network._native for network in networks]
    endings = watch_native(
        lambda control: _native.run_many(natives, epochs, threads, control, residual_at_end),
        flops=sum(6.0 * network.n_parameters * network._n * epochs for network in networks),
        time_limit=None,
        callback=callback,
        snapshot=lambda control: int(control.progress()["done"]),
    )
    return cast(list[Ending], endings)


def _nothing(_: _native.Control) -> None:
    """What a call without a callback shows."""
