"""Ensembles side by side under one budget: inside one dropout network, and of several networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline

from .._validation import (
    FloatArray,
    as_array,
    as_integer,
    as_sound,
    describe,
    refuse,
    require_finite,
)
from ..core import MAX_MEMBERS, keeps_every_unit, require_every_unit
from ..errors import InvalidArgument
from ..losses import Squared
from ..uncertainty import (
    Estimate,
    Normal,
    NormalMixture,
    Predictive,
    expected_calibration_error,
    interval_coverage,
    mean_estimate,
    negative_log_likelihood,
    share_estimate,
)
from .base import DropoutMLP
from .diversity import disagreement
from .ensemble_masks import mask_source
from .inside import require_estimator
from .kinds import Masksembles, layer_rates
from .losses import resolve_regression_loss
from .paths import fit_many
from .robustness import as_pair
from .seeds import resolve_seed

INSIDE = ("weight_scaling", "mc", "rao_blackwell")
FIXED = Masksembles.name
SEVERAL = ("independent", "bagging", "snapshots")
METHODS = (*INSIDE, FIXED, *SEVERAL)
COVERAGE = 0.9
RESAMPLES = 1000  # before bagging gives up to find every class in one


@dataclass(frozen=True)
class ComparedEnsemble:
    """One ensemble on held-out data.

    Attributes:
        method: how it was made. n_members: of it.
        error: share of wrong classes, or mean squared error.
        nll: mean negative log-likelihood in nats.
        calibration: of classes the expected calibration error, 0 is best; of numbers the coverage
            of the central 90 % interval.
        diversity: mean over pairs of members of `disagreement`; NaN of one member, and of
            rao_blackwell, whose members have no last mask.
        fit_seconds, predict_seconds: what it took.
    """

    method: str
    n_members: int
    error: Estimate
    nll: Estimate
    calibration: Estimate
    diversity: float
    fit_seconds: float
    predict_seconds: float


@dataclass(frozen=True)
class EnsembleComparison:
    """`rows`, one a method."""

    rows: tuple[ComparedEnsemble, ...]

    def to_frame(self) -> Any:
        """A pandas data frame, one row a method; intervals as columns `_low` and `_high`."""
        import pandas as pd

        table = []
        for row in self.rows:
            line: dict[str, Any] = {"method": row.method, "n_members": row.n_members}
            for name in ("error", "nll", "calibration"):
                line |= getattr(row, name).to_columns(name)
            line |= {"diversity": row.diversity, "fit_seconds": row.fit_seconds}
            table.append(line | {"predict_seconds": row.predict_seconds})
        return pd.DataFrame(table)


@dataclass(frozen=True)
class _Forecast:
    """Members (T, n) or (T, n, K) where there are any, their mean, and what spreads beside them.

    Of classes also the log of their mean probability at the targets, where these were given.
    """

    mean: FloatArray
    std: FloatArray | None = None
    members: npt.NDArray[Any] | None = None
    n_members: int = 1
    log_likelihood: FloatArray | None = None


Forecaster = Callable[[Any, Any], _Forecast]


def compare_ensembles(
    estimator: DropoutMLP | Pipeline,
    X: Any,
    y: Any,
    *,
    test: tuple[Any, Any],
    methods: Sequence[str] | None = None,
    n_networks: int = 5,
    n_members: int = 100,
    random_state: int = 0,
    n_threads: int | None = None,
) -> EnsembleComparison:
    """Fits and measures ensembles that all cost the same training.

    Methods: one network trained for `max_epochs` gives "weight_scaling", "mc" and "rao_blackwell"
    (see `predict_ensemble`). One that is trained as long, with the same rates and `n_networks`
    masks that come back, is "masksembles" (`shrinkage.neural.Masksembles`, whose kind and constant
    schedule replace those of the estimator). The epochs shared among `n_networks` give
    "independent" networks of their own seeds (Lakshminarayanan, Pritzel & Blundell 2017),
    "bagging", each of them on rows drawn with replacement, in which no class is missing (Breiman
    1996), and "snapshots" of one run at the ends of cosine cycles of the learning rate (Huang et
    al. 2017). These last three have dropout in training and all units on afterwards.

    Args:
        estimator: what to fit, left as it is; a regressor has the squared loss. The noise of its
            targets is taken from the training residuals of each ensemble. At the end of a
            `Pipeline` it gets what the steps before it, fitted to X once, make of the rows.
        X, y: to train on. test: (X, y) to measure on.
        methods: names of those above; None: all that there are, so without "masksembles" where a
            rate is above 1 − 1/n_networks or there are more than 1000 networks, and without
            "rao_blackwell" where no mask before the output layer can be integrated.
        n_members: sampled from the dropout network.

    Raises:
        InvalidArgument: there is no such method, max_epochs is below n_networks, or "masksembles"
            is asked for at a rate above 1 − 1/n_networks, where fixed masks keep some units never,
            or with more than 1000 networks.
    """
    if isinstance(estimator, Pipeline):
        estimator, X, test = _at_the_end(estimator, X, y, as_pair(test))
    require_estimator(estimator)
    n_networks = as_integer(n_networks, "n_networks", minimum=2, maximum=10**6)
    usual = methods is None
    if methods is None:
        possible = n_networks <= MAX_MEMBERS and all(
            keeps_every_unit(n_networks, rate) for _, rate in _rates(estimator)
        )
        methods = METHODS if possible else [method for method in METHODS if method != FIXED]
    unknown = [method for method in methods if method not in METHODS]
    if unknown or not len(methods):
        remedy = "use " + ", ".join(f'"{method}"' for method in METHODS)
        raise refuse("methods", repr(list(methods)), remedy, code="argument.choice")
    if any(method in SEVERAL for method in methods) and estimator.max_epochs < n_networks:
        remedy = f"give it at least {n_networks}, one for each network"
        raise refuse("max_epochs", estimator.max_epochs, remedy, code="argument.range")
    if FIXED in methods:
        if n_networks > MAX_MEMBERS:
            remedy = f'with "{FIXED}" give at most {MAX_MEMBERS}'
            raise refuse("n_networks", n_networks, remedy, code="argument.range")
        for name, rate in _rates(estimator):
            require_every_unit(n_networks, rate, name)
    if not is_classifier(estimator):
        loss = resolve_regression_loss(getattr(estimator, "loss", "squared"))
        if not isinstance(loss, Squared):
            remedy = "compare classifiers, or regressors with the squared loss"
            raise refuse("loss", loss.name, remedy, code="argument.loss")
    case = _Case(
        estimator,
        as_sound(X),
        y,
        as_pair(test),
        n_networks,
        n_members,
        resolve_seed(random_state),
        n_threads,
    )
    if usual and not case.integrates():
        methods = [method for method in methods if method != "rao_blackwell"]
    return EnsembleComparison(tuple(case.measured(method) for method in methods))


def _at_the_end(pipeline: Pipeline, X: Any, y: Any, test: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    """The last step, and rows to train and to test on as they reach it."""
    if len(pipeline) > 1:
        steps = clone(pipeline[:-1]).fit(X, y)
        X, test = steps.transform(X), (steps.transform(test[0]), test[1])
    return pipeline.steps[-1][1], X, test


def _rates(estimator: DropoutMLP) -> list[tuple[str, float]]:
    hidden = len(estimator._setting().hidden_layer_sizes)
    return layer_rates(estimator._hidden_dropout(), estimator.input_dropout, hidden)


def _as_column(y: Any, argument: str, X: Any) -> npt.NDArray[Any]:
    """(n,) or (n, K) targets, one for each row of X; a column is taken for what it holds."""
    array = as_array(y, argument)
    array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if array.ndim not in (1, 2) or len(array) != X.shape[0]:
        remedy = f"give one target for each of the {X.shape[0]} rows"
        raise refuse(argument, describe(array), remedy, code="argument.shape")
    if array.dtype.kind == "f":
        require_finite(array, argument)
    return array


class _Case:
    """The data and what has been fitted to them."""

    def __init__(
        self,
        estimator: DropoutMLP,
        X: Any,
        y: Any,
        test: tuple[Any, Any],
        n_networks: int,
        n_members: int,
        seed: int,
        n_threads: int | None,
    ) -> None:
        self.estimator, self.X, self.y = estimator, X, _as_column(y, "y", X)
        self.X_test, self.y_test = test[0], _as_column(test[1], "test[1]", test[0])
        self.n_networks, self.n_members = n_networks, n_members
        self.seed, self.n_threads = seed, n_threads
        self.classes = is_classifier(estimator)
        self.labels = np.unique(self.y) if self.classes else np.zeros(0)
        unknown = self.classes & ~np.isin(self.y_test, self.labels)
        if unknown.any():
            place = int(np.flatnonzero(unknown)[0])
            value = repr(self.y_test[place : place + 1].tolist()[0])
            remedy = "test on labels that y has"
            raise refuse(f"test[1][{place}]", value, remedy, code="argument.choice")
        self._dropout: tuple[Any, float] | None = None

    def measured(self, method: str) -> ComparedEnsemble:
        predict: Forecaster
        if method in INSIDE:
            model, fitted = self.dropout_network()
            predict = partial(self.inside, model, method)
        elif method == FIXED:
            model, fitted = self.fitted(
                dropout_kind=Masksembles(self.n_networks), dropout_schedule="constant"
            )
            predict = partial(self.members, model)
        else:
            start = time.perf_counter()
            predict = self.several(method)
            fitted = time.perf_counter() - start
        start = time.perf_counter()
        forecast = predict(self.X_test, self.y_test if self.classes else None)
        predicted = time.perf_counter() - start
        members = forecast.members
        diversity = float("nan")
        if members is not None and len(members) > 1:
            pairs = np.triu_indices(len(members), 1)
            diversity = float(disagreement(members)[pairs].mean())
        error, nll, calibration = (
            self.class_scores(forecast) if self.classes else self.scores(forecast, predict)
        )
        return ComparedEnsemble(
            method,
            forecast.n_members,
            error,
            nll,
            calibration,
            diversity,
            fitted,
            predicted,
        )

    def dropout_network(self) -> tuple[Any, float]:
        """One network with all epochs, fitted once, and the seconds of it."""
        if self._dropout is None:
            self._dropout = self.fitted()
        return self._dropout

    def integrates(self) -> bool:
        """Whether the mask before the output layer of the dropout network can be integrated."""
        model, _ = self.dropout_network()
        try:
            mask_source(model._network, "rao_blackwell", "shared", None, self.seed)
        except InvalidArgument:
            return False
        return True

    def fitted(self, **changes: Any) -> tuple[Any, float]:
        """The estimator with these changes, fitted, and the seconds of it."""
        model: Any = clone(self.estimator).set_params(random_state=self.seed, **changes)
        start = time.perf_counter()
        model.fit(self.X, self.y)
        return model, time.perf_counter() - start

    def members(self, model: Any, X: Any, y: Any) -> _Forecast:
        """All members that share a network by fixed masks."""
        ens = model.predict_ensemble(X, y=y, keep_members=True, n_threads=self.n_threads)
        return _Forecast(ens.mean, None, ens.members, ens.n_members, ens.log_likelihood)

    def inside(self, model: Any, method: str, X: Any, y: Any) -> _Forecast:
        drawn = method != "weight_scaling" and not model._network.dropout_kind.n_members
        ens = model.predict_ensemble(
            X,
            method,
            n_members=self.n_members if drawn else None,
            y=y,
            keep_members=method == "mc",
            random_state=self.seed,
            n_threads=self.n_threads,
        )
        spread = ens.std if method == "rao_blackwell" else None
        return _Forecast(ens.mean, spread, ens.members, ens.n_members, ens.log_likelihood)

    def several(self, method: str) -> Forecaster:
        predictors = self.snapshots() if method == "snapshots" else self.networks(method)

        def predict(X: Any, y: Any) -> _Forecast:
            found = np.stack([each(X) for each in predictors])
            if not self.classes:
                return _Forecast(found.mean(axis=0), None, found, len(found))
            members, mean = np.exp(found), special.logsumexp(found, axis=0) - np.log(len(found))
            at = np.arange(len(y)), np.searchsorted(self.labels, y)
            return _Forecast(members.mean(axis=0), None, members, len(members), mean[at])

        return predict

    def networks(self, method: str) -> list[Callable[[Any], FloatArray]]:
        """Networks of their own seeds, on all rows or on rows drawn with replacement."""
        models: list[Any] = [
            clone(self.estimator).set_params(
                random_state=self.seed + place,
                max_epochs=self.estimator.max_epochs // self.n_networks,
            )
            for place in range(self.n_networks)
        ]
        rows = None
        if method == "bagging":
            rng = np.random.default_rng(self.seed)
            rows = [self.resampled(rng) for _ in models]
        fit_many(models, self.X, self.y, rows=rows, n_threads=self.n_threads)
        return [self.predictor(model) for model in models]

    def resampled(self, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """(n,) rows drawn with replacement, again until no class is missing."""
        n = len(self.y)
        classes = len(self.labels)
        for _ in range(RESAMPLES):
            rows = rng.integers(0, n, n)
            if not classes or len(np.unique(self.y[rows])) == classes:
                return rows
        remedy = 'leave "bagging" out, or give more rows of the rare classes'
        raise refuse("y", f"<{classes} classes in {n} rows>", remedy, code="argument.classes")

    def snapshots(self) -> list[Callable[[Any], FloatArray]]:
        """Weights of one run at the end of each cycle of its learning rate."""
        model: Any = clone(self.estimator).set_params(random_state=self.seed)
        model._prepare_fit(self.X, self.y, None, None)
        network = model._network
        epochs = model.max_epochs // self.n_networks
        cycle = 0.5 * (1.0 + np.cos(np.pi * np.arange(epochs) / epochs))
        network.schedule(learning_rate=np.tile(cycle, self.n_networks))
        found = []
        for _ in range(self.n_networks):
            ending = network.run(epochs, n_threads=self.n_threads)
            found.append(network.parameters())
        model._read_off(ending)

        def at(parameters: Any) -> Callable[[Any], FloatArray]:
            def predict(X: Any) -> FloatArray:
                network.set_parameters(*parameters)
                return self.predictor(model)(X)

            return predict

        return [at(parameters) for parameters in found]

    @staticmethod
    def predictor(model: Any) -> Callable[[Any], FloatArray]:
        """What makes predictions, or log probabilities of classes."""
        predict: Callable[[Any], FloatArray] = getattr(model, "predict_log_proba", model.predict)
        return predict

    def class_scores(self, forecast: _Forecast) -> tuple[Estimate, Estimate, Estimate]:
        """Share of wrong classes, negative log-likelihood and calibration on the test rows."""
        assert forecast.log_likelihood is not None  # targets were given
        y = np.asarray(self.y_test)
        return (
            share_estimate(self.labels[forecast.mean.argmax(axis=1)] != y),
            mean_estimate(-forecast.log_likelihood),
            expected_calibration_error(y, forecast.mean, classes=self.labels),
        )

    def scores(
        self, forecast: _Forecast, predict: Forecaster
    ) -> tuple[Estimate, Estimate, Estimate]:
        """Squared error, negative log-likelihood and coverage on the test rows."""
        y = np.asarray(self.y_test)
        trained = predict(self.X, None)
        noise = np.sqrt(np.mean((np.asarray(self.y) - trained.mean) ** 2, axis=0))
        law: Predictive
        if forecast.members is not None:
            law = NormalMixture(forecast.members, noise)
        else:
            law = Normal(
                forecast.mean, np.hypot(0.0 if forecast.std is None else forecast.std, noise)
            )
        squares = (y - forecast.mean) ** 2
        squares = squares if squares.ndim == 1 else squares.mean(axis=1)
        return (
            mean_estimate(squares),
            negative_log_likelihood(y, law),
            interval_coverage(y, *law.interval(COVERAGE)),
        )
