"""
Compiled core of shrinkage; use it through shrinkage.core.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['ConcreteOptions', 'Control', 'DropoutTraits', 'LayerPenalty', 'NetworkFloat32', 'NetworkFloat64', 'PenaltyInput', 'apply_dropout', 'cross_validate', 'dropout_kinds', 'dropout_mask', 'dropout_uniform', 'enumerate_ensemble', 'enumeration_tasks', 'fit_path', 'install_blas', 'loss_gradient', 'loss_terms', 'loss_value', 'member_mask', 'most_enumerated_units', 'optimizers', 'penalized_loss', 'penalty_value', 'prox', 'run_many', 'sample_ensemble', 'sampling_tasks']
class DropoutTraits:
    """
    A kind of dropout by its name, and what is so of it: see nn/masks/dropout_kind.hpp.
    """
    @property
    def drops_units(self) -> bool:
        ...
    @property
    def drops_weights(self) -> bool:
        ...
    @property
    def enumerable(self) -> bool:
        ...
    @property
    def integrable(self) -> bool:
        ...
    @property
    def learns_rates(self) -> bool:
        ...
    @property
    def mean_one(self) -> bool:
        ...
    @property
    def name(self) -> str:
        ...
    @property
    def per_row(self) -> bool:
        ...
    @property
    def recurring(self) -> bool:
        ...
class PenaltyInput:
    """
    A penalty by name with its own data.
    """
    def __init__(self, name: str, *, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], groups: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex]) -> None:
        ...
    @property
    def name(self) -> str:
        ...
class Control:
    """
    Progress and cancellation of one call.
    """
    def __init__(self) -> None:
        ...
    def progress(self) -> dict[str, typing.Any]:
        ...
    def set_time_limit(self, seconds: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    def stop(self) -> None:
        ...
class LayerPenalty:
    """
    The penalty of a layer's weights: groups 'separable', kink |w| + ridge w^2 / 2, or 'incoming' and 'outgoing', kink sqrt(size) |w|_2 of the weights into a unit or out of an input; lam is the unit of residuals, max_norm bounds the weights into a unit.
    """
    def __init__(self, *, groups: str, kink: typing.SupportsFloat | typing.SupportsIndex, ridge: typing.SupportsFloat | typing.SupportsIndex, lam: typing.SupportsFloat | typing.SupportsIndex, max_norm: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    @property
    def lam(self) -> float:
        ...
class ConcreteOptions:
    """
    By what dropout rates are learned.
    """
    def __init__(self, *, temperature: typing.SupportsFloat | typing.SupportsIndex, length_scale: typing.SupportsFloat | typing.SupportsIndex, precision: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
class NetworkFloat32:
    """
    A network and its optimizer; arrays have the type of the name.
    """
    def __init__(self, *, sizes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], activation: str, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], loss_size: typing.SupportsInt | typing.SupportsIndex, optimizer: str, optimizer_parameters: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex], learning_rate: typing.SupportsFloat | typing.SupportsIndex, batch_size: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, kkt_every: typing.SupportsInt | typing.SupportsIndex, early_stopping: bool, patience: typing.SupportsInt | typing.SupportsIndex, improvement: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    def draw_start(self, name: str) -> None:
        """
        All weights are drawn anew before they are next used.
        """
    def health(self, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
        """
        Rows, those without a finite prediction, the first layer that gives the same for all rows (0: none), and whether the outputs do.
        """
    def history(self) -> dict[str, typing.Any]:
        """
        One entry an epoch; may be asked during run().
        """
    def kkt_residual(self, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> tuple[typing.Any, ...]:
        """
        Residual of the objective on the training data, and its standard error.
        """
    def loss_and_gradient(self, step: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> tuple[typing.Any, ...]:
        """
        Mean training loss with the masks of a step, and its gradient.
        """
    def mean_loss(self, x: typing.Any, y: typing.Any, weights: typing.Any, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> float:
        ...
    def outputs(self, x: typing.Any, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> numpy.typing.NDArray[numpy.float64]:
        """
        Linear predictors (n, outputs), all units on.
        """
    def parameters(self) -> tuple[typing.Any, ...]:
        """
        Weights (inputs, units) and biases of each layer.
        """
    def penalty(self) -> float:
        ...
    def rates(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        Dropout rates in force, one a layer.
        """
    def restore(self, saved: dict[str, typing.Any]) -> None:
        ...
    def run(self, epochs: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control, residual_at_end: bool) -> str:
        """
        Trains so many epochs more; says how it ended.
        """
    def set_examples(self, x: typing.Any, y: typing.Any, weights: typing.Any, x_validation: typing.Any, y_validation: typing.Any, weights_validation: typing.Any) -> None:
        ...
    def set_learning_rate(self, rate: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    def set_optimizer(self, *, parameters: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex], batch_size: typing.SupportsInt | typing.SupportsIndex, kkt_every: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Parameters of the optimizer by name, as in optimizers().
        """
    def set_parameters(self, weights: collections.abc.Sequence[numpy.ndarray], biases: collections.abc.Sequence[numpy.ndarray]) -> None:
        ...
    def set_regularization(self, *, penalties: collections.abc.Sequence[LayerPenalty], rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], kind: str, input_groups: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], concrete: ConcreteOptions, n_members: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Penalties and dropout rates, one a layer; by what rates are learned; how many fixed masks.
        """
    def set_schedule(self, learning_rate_factors: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], dropout_factors: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], clip_norm: typing.SupportsFloat | typing.SupportsIndex) -> None:
        """
        Factors by epoch, and the bound of a step's gradient.
        """
    def state(self) -> dict[str, typing.Any]:
        """
        All that changes while training.
        """
    def take_best(self) -> None:
        """
        Goes back to the best weights of early stopping.
        """
    @property
    def sizes(self) -> list[int]:
        """
        Inputs, hidden units ..., outputs.
        """
    @property
    def updates(self) -> int:
        ...
class NetworkFloat64:
    """
    A network and its optimizer; arrays have the type of the name.
    """
    def __init__(self, *, sizes: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], activation: str, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], loss_size: typing.SupportsInt | typing.SupportsIndex, optimizer: str, optimizer_parameters: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex], learning_rate: typing.SupportsFloat | typing.SupportsIndex, batch_size: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, kkt_every: typing.SupportsInt | typing.SupportsIndex, early_stopping: bool, patience: typing.SupportsInt | typing.SupportsIndex, improvement: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    def draw_start(self, name: str) -> None:
        """
        All weights are drawn anew before they are next used.
        """
    def health(self, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
        """
        Rows, those without a finite prediction, the first layer that gives the same for all rows (0: none), and whether the outputs do.
        """
    def history(self) -> dict[str, typing.Any]:
        """
        One entry an epoch; may be asked during run().
        """
    def kkt_residual(self, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> tuple[typing.Any, ...]:
        """
        Residual of the objective on the training data, and its standard error.
        """
    def loss_and_gradient(self, step: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> tuple[typing.Any, ...]:
        """
        Mean training loss with the masks of a step, and its gradient.
        """
    def mean_loss(self, x: typing.Any, y: typing.Any, weights: typing.Any, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> float:
        ...
    def outputs(self, x: typing.Any, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> numpy.typing.NDArray[numpy.float64]:
        """
        Linear predictors (n, outputs), all units on.
        """
    def parameters(self) -> tuple[typing.Any, ...]:
        """
        Weights (inputs, units) and biases of each layer.
        """
    def penalty(self) -> float:
        ...
    def rates(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        Dropout rates in force, one a layer.
        """
    def restore(self, saved: dict[str, typing.Any]) -> None:
        ...
    def run(self, epochs: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control, residual_at_end: bool) -> str:
        """
        Trains so many epochs more; says how it ended.
        """
    def set_examples(self, x: typing.Any, y: typing.Any, weights: typing.Any, x_validation: typing.Any, y_validation: typing.Any, weights_validation: typing.Any) -> None:
        ...
    def set_learning_rate(self, rate: typing.SupportsFloat | typing.SupportsIndex) -> None:
        ...
    def set_optimizer(self, *, parameters: collections.abc.Mapping[str, typing.SupportsFloat | typing.SupportsIndex], batch_size: typing.SupportsInt | typing.SupportsIndex, kkt_every: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Parameters of the optimizer by name, as in optimizers().
        """
    def set_parameters(self, weights: collections.abc.Sequence[numpy.ndarray], biases: collections.abc.Sequence[numpy.ndarray]) -> None:
        ...
    def set_regularization(self, *, penalties: collections.abc.Sequence[LayerPenalty], rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], kind: str, input_groups: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], concrete: ConcreteOptions, n_members: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Penalties and dropout rates, one a layer; by what rates are learned; how many fixed masks.
        """
    def set_schedule(self, learning_rate_factors: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], dropout_factors: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], clip_norm: typing.SupportsFloat | typing.SupportsIndex) -> None:
        """
        Factors by epoch, and the bound of a step's gradient.
        """
    def state(self) -> dict[str, typing.Any]:
        """
        All that changes while training.
        """
    def take_best(self) -> None:
        """
        Goes back to the best weights of early stopping.
        """
    @property
    def sizes(self) -> list[int]:
        """
        Inputs, hidden units ..., outputs.
        """
    @property
    def updates(self) -> int:
        ...
def apply_dropout(x: numpy.ndarray, mask: numpy.ndarray, rate: typing.SupportsFloat | typing.SupportsIndex) -> numpy.ndarray:
    """
    x / (1 - rate) where the mask is 1, else 0; float32 or float64, flat.
    """
def cross_validate(*, x: typing.Any, y: numpy.ndarray, weights: numpy.ndarray, offset: numpy.ndarray | None, factors: numpy.ndarray | None, lower: numpy.ndarray | None, upper: numpy.ndarray | None, fold: numpy.ndarray, n_folds: typing.SupportsInt | typing.SupportsIndex, outputs: typing.SupportsInt | typing.SupportsIndex, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], penalty: PenaltyInput, lambdas: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, fit_intercept: bool, standardize: bool, gram_bytes: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> numpy.typing.NDArray[numpy.float64]:
    """
    Held-out scores, shape (folds, lambdas); raises Cancelled when stopped.
    """
def dropout_kinds() -> list[DropoutTraits]:
    """
    All kinds of dropout.
    """
def dropout_mask(rows: numpy.ndarray, cols: typing.SupportsInt | typing.SupportsIndex, rate: typing.SupportsFloat | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex, layer: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Mask (rows, cols), 1 = kept, by the layout of nn/dropout.hpp.
    """
def dropout_uniform(rows: numpy.ndarray, cols: typing.SupportsInt | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex, layer: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Numbers (rows, cols) in (0, 1): dropped where below the rate.
    """
@typing.overload
def enumerate_ensemble(network: NetworkFloat32, x: typing.Any, y: typing.Any, *, rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], precisions: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
    """
    The same of all sub-networks, weighted by probability.
    """
@typing.overload
def enumerate_ensemble(network: NetworkFloat64, x: typing.Any, y: typing.Any, *, rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], precisions: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
    """
    The same of all sub-networks, weighted by probability.
    """
def enumeration_tasks(n_rows: typing.SupportsInt | typing.SupportsIndex, n_decisions: typing.SupportsInt | typing.SupportsIndex) -> int:
    ...
def fit_path(*, x: typing.Any, y: numpy.ndarray, weights: numpy.ndarray, offset: numpy.ndarray | None, factors: numpy.ndarray | None, lower: numpy.ndarray | None, upper: numpy.ndarray | None, start: numpy.ndarray | None, start_intercept: numpy.ndarray | None, outputs: typing.SupportsInt | typing.SupportsIndex, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], penalty: PenaltyInput, lambdas: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], n_lambdas: typing.SupportsInt | typing.SupportsIndex, lambda_min_ratio: typing.SupportsFloat | typing.SupportsIndex, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, fit_intercept: bool, standardize: bool, gram_bytes: typing.SupportsInt | typing.SupportsIndex, allow_full_gram: bool, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
    """
    Fits a path; a stop through control ends it early and returns what is finished.
    """
def install_blas(capsules: dict[str, typing.Any]) -> None:
    """
    Write-once table of BLAS and LAPACK routines, from scipy's capsules.
    """
def loss_gradient(loss: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], outputs: typing.SupportsInt | typing.SupportsIndex, y: numpy.ndarray, eta: numpy.ndarray) -> numpy.typing.NDArray[numpy.float64]:
    """
    Derivative of each observation's loss by its eta.
    """
def loss_terms(loss: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], y: numpy.ndarray, eta: numpy.ndarray) -> tuple[typing.Any, ...]:
    """
    Value, gradient and curvature of each observation's loss by its eta.
    """
def loss_value(loss: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], outputs: typing.SupportsInt | typing.SupportsIndex, y: numpy.ndarray, eta: numpy.ndarray, sample_weight: numpy.ndarray | None) -> float:
    """
    Weighted mean loss.
    """
def member_mask(rows: numpy.ndarray, cols: typing.SupportsInt | typing.SupportsIndex, rate: typing.SupportsFloat | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex, layer: typing.SupportsInt | typing.SupportsIndex, n_members: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint8]:
    """
    The same of masksembles, by the rule of nn/member_masks.hpp.
    """
def optimizers() -> dict[str, typing.Any]:
    """
    By name: how many numbers are kept of each weight, and defaults by parameter.
    """
def penalized_loss(X: numpy.ndarray, y: numpy.ndarray, w: numpy.ndarray, b: typing.SupportsFloat | typing.SupportsIndex, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], penalty: PenaltyInput, lam: typing.SupportsFloat | typing.SupportsIndex, sample_weight: numpy.ndarray | None) -> tuple[typing.Any, ...]:
    """
    Canonical objective, its subgradient of least norm by w, its derivative by b.
    """
def penalty_value(penalty: PenaltyInput, beta: numpy.ndarray, lam: typing.SupportsFloat | typing.SupportsIndex) -> float:
    """
    lam times the penalty.
    """
def prox(penalty: PenaltyInput, v: numpy.ndarray, step: typing.SupportsFloat | typing.SupportsIndex, lam: typing.SupportsFloat | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Proximal operator of step * lam * penalty.
    """
@typing.overload
def run_many(networks: collections.abc.Sequence[NetworkFloat32], epochs: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control, residual_at_end: bool) -> list[str]:
    ...
@typing.overload
def run_many(networks: collections.abc.Sequence[NetworkFloat64], epochs: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control, residual_at_end: bool) -> list[str]:
    """
    Trains many networks side by side, each on one thread.
    """
@typing.overload
def sample_ensemble(network: NetworkFloat32, x: typing.Any, y: typing.Any, *, seed: typing.SupportsInt | typing.SupportsIndex, rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], per_row: bool, integrate_last: bool, n_members: typing.SupportsInt | typing.SupportsIndex, wanted_error: typing.SupportsFloat | typing.SupportsIndex, keep_members: bool, precisions: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], points: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
    """
    Mean, summed squared deviations and scores of sampled members.
    """
@typing.overload
def sample_ensemble(network: NetworkFloat64, x: typing.Any, y: typing.Any, *, seed: typing.SupportsInt | typing.SupportsIndex, rates: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], per_row: bool, integrate_last: bool, n_members: typing.SupportsInt | typing.SupportsIndex, wanted_error: typing.SupportsFloat | typing.SupportsIndex, keep_members: bool, precisions: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], points: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], weights: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
    """
    Mean, summed squared deviations and scores of sampled members.
    """
def sampling_tasks(n_rows: typing.SupportsInt | typing.SupportsIndex, n_members: typing.SupportsInt | typing.SupportsIndex) -> int:
    """
    How far progress counts for so many rows and members.
    """
most_enumerated_units: int = 22
