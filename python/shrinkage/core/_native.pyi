"""
Compiled core of shrinkage; use it through shrinkage.core.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['Control', 'apply_dropout', 'cross_validate', 'dropout_mask', 'fit_path', 'install_blas', 'loss_gradient', 'loss_terms', 'loss_value', 'penalized_loss', 'penalty_value', 'prox']
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
def apply_dropout(x: numpy.ndarray, mask: numpy.ndarray, rate: typing.SupportsFloat | typing.SupportsIndex) -> numpy.ndarray:
    """
    x / (1 - rate) where the mask is 1, else 0; float32 or float64, flat.
    """
def cross_validate(*, x: typing.Any, y: numpy.ndarray, weights: numpy.ndarray, offset: numpy.ndarray | None, factors: numpy.ndarray | None, lower: numpy.ndarray | None, upper: numpy.ndarray | None, fold: numpy.ndarray, n_folds: typing.SupportsInt | typing.SupportsIndex, outputs: typing.SupportsInt | typing.SupportsIndex, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], penalty: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], lambdas: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, fit_intercept: bool, standardize: bool, gram_bytes: typing.SupportsInt | typing.SupportsIndex, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> numpy.typing.NDArray[numpy.float64]:
    """
    Held-out scores, shape (folds, lambdas); raises Cancelled when stopped.
    """
def dropout_mask(rows: numpy.ndarray, cols: typing.SupportsInt | typing.SupportsIndex, rate: typing.SupportsFloat | typing.SupportsIndex, seed: typing.SupportsInt | typing.SupportsIndex, step: typing.SupportsInt | typing.SupportsIndex, layer: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint8]:
    """
    Mask (rows, cols), 1 = kept, by the layout of nn/dropout.hpp.
    """
def fit_path(*, x: typing.Any, y: numpy.ndarray, weights: numpy.ndarray, offset: numpy.ndarray | None, factors: numpy.ndarray | None, lower: numpy.ndarray | None, upper: numpy.ndarray | None, start: numpy.ndarray | None, start_intercept: numpy.ndarray | None, outputs: typing.SupportsInt | typing.SupportsIndex, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], penalty: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], lambdas: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], n_lambdas: typing.SupportsInt | typing.SupportsIndex, lambda_min_ratio: typing.SupportsFloat | typing.SupportsIndex, tol: typing.SupportsFloat | typing.SupportsIndex, max_iter: typing.SupportsInt | typing.SupportsIndex, fit_intercept: bool, standardize: bool, gram_bytes: typing.SupportsInt | typing.SupportsIndex, allow_full_gram: bool, n_threads: typing.SupportsInt | typing.SupportsIndex, control: Control) -> dict[str, typing.Any]:
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
def penalized_loss(X: numpy.ndarray, y: numpy.ndarray, w: numpy.ndarray, b: typing.SupportsFloat | typing.SupportsIndex, loss: str, loss_parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], penalty: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], lam: typing.SupportsFloat | typing.SupportsIndex, sample_weight: numpy.ndarray | None) -> tuple[typing.Any, ...]:
    """
    Canonical objective, its subgradient of least norm by w, its derivative by b.
    """
def penalty_value(penalty: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], beta: numpy.ndarray, lam: typing.SupportsFloat | typing.SupportsIndex) -> float:
    """
    lam times the penalty.
    """
def prox(penalty: str, parameters: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], v: numpy.ndarray, step: typing.SupportsFloat | typing.SupportsIndex, lam: typing.SupportsFloat | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    Proximal operator of step * lam * penalty.
    """
