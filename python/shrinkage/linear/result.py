"""The result of `fit_path`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .._classes import labels_of
from .._validation import FloatArray, as_number, describe, refuse
from ..conventions import explain_objective
from ..losses import Loss
from ..penalties import Penalty
from ._problem import as_design, as_offset, feature_names
from .certificate import Certificate, CertificateKind, hold
from .dual import DualPoints

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["response", "link", "class"]
IntArray = npt.NDArray[np.int64]


_SEPARATED = 1.0 - 1e-4
"""Share of the deviance from which on, at λ = 0, classes count as separated."""


@dataclass(frozen=True, eq=False)
class Path:
    """Penalized fits along a decreasing grid of λ; L of them, p features, n observations.

    With K outputs (the classes of loss="multinomial", the columns of a y of shape (n, K)) the
    coefficients have K columns at each λ.

    Attributes:
        lambdas: (L,) decreasing.
        n_features: p.
        intercepts: (L,), or (K, L).
        certificate_values: (L,) how exact each fit is; what kind of number it is says
        certificate_kind: "gap" or "stationarity"; see `Certificate`.
        n_nonzero: (L,) features with a coefficient that is not exactly zero.
        deviance_ratio: (L,) 1 − (loss − saturated) / D₀.
        losses: (L,) the mean loss (1/Σw) Σ w ℓ.
        n_iter: (L,) rounds of the solver.
        regime: (L,) the algorithm that fitted each λ, chosen by cost.
        centers, scales: (p,) what is penalized is coef × scale, of the column about its center.
        null_deviance: D₀, the mean loss of the null model minus that of the saturated one.
        classes: the labels in sorted order; of two the second is the event; None for regression.
        feature_names: (p,) or None.
        outputs: K, or None where an observation has one η.
        time_limited: whether the time limit ended the path before its last λ.
    """

    lambdas: FloatArray
    _entries: tuple[FloatArray, IntArray, IntArray] = field(repr=False)
    n_features: int
    intercepts: FloatArray
    certificate_values: FloatArray
    n_nonzero: IntArray
    deviance_ratio: FloatArray
    losses: FloatArray
    n_iter: IntArray
    regime: npt.NDArray[np.str_]
    centers: FloatArray
    scales: FloatArray
    null_deviance: float
    loss: Loss
    penalty: Penalty
    tol: float
    fit_intercept: bool
    standardize: bool
    sample_weight_sum: float
    classes: npt.NDArray[Any] | None = None
    feature_names: npt.NDArray[Any] | None = None
    outputs: int | None = None
    time_limited: bool = False
    certificate_kind: CertificateKind = "gap"
    _objective: dict[str, Any] = field(default_factory=dict, repr=False)
    _duals: DualPoints | None = field(default=None, repr=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Paths that were pickled before there were kinds of certificates have gaps."""
        if "gaps" in state:
            state = {**state, "certificate_values": state["gaps"]}
            del state["gaps"], state["converged"]
        self.__dict__.update(state)

    @property
    def gaps(self) -> FloatArray:
        """(L,) duality gap over the null deviance D₀; NaN where `certificate_kind` is another."""
        return self._of_kind("gap")

    @property
    def stationarity(self) -> FloatArray:
        """(L,) distance from stationarity; NaN where `certificate_kind` is another."""
        return self._of_kind("stationarity")

    def _of_kind(self, kind: CertificateKind) -> FloatArray:
        values = self.certificate_values
        return values if kind == self.certificate_kind else np.full(len(values), np.nan)

    def certificate(self, index: int) -> Certificate:
        """How exact the fit number `index` is."""
        value = float(self.certificate_values[index])
        return Certificate(self.certificate_kind, value, self.tol)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """L of them, one for each λ."""
        return tuple(self.certificate(i) for i in range(len(self.lambdas)))

    @property
    def converged(self) -> npt.NDArray[np.bool_]:
        """(L,) whether the certificate of each fit holds: its value is at most `tol`."""
        return hold(self.certificate_values, self.tol)

    @cached_property
    def coefs_sparse(self) -> sparse.csc_array:
        """(p, L) coefficients on the original scale of X; built on first access.

        With K outputs (pK, L), feature j of output k in row k·p + j.
        """
        shape = (self.n_features * (self.outputs or 1), len(self.lambdas))
        return sparse.csc_array(self._entries, shape=shape)

    @cached_property
    def coefs(self) -> FloatArray:
        """(p, L) dense coefficients, or (p, K, L); built on first access."""
        return self._shaped(np.asarray(self.coefs_sparse.toarray()))

    def coef_at(self, index: int) -> FloatArray:
        """(p,) or (p, K) coefficients of the fit number `index`."""
        return self._shaped(self.coefs_sparse[:, [index]].toarray())[..., 0]

    def coef(self, lam: float) -> FloatArray:
        """(p,) or (p, K) coefficients at λ, interpolated linearly between the fits around it.

        Raises:
            InvalidArgument: λ lies outside the fitted grid.
        """
        low, share = self._locate(lam)
        high = min(low + 1, len(self.lambdas) - 1)
        return np.asarray((1.0 - share) * self.coef_at(low) + share * self.coef_at(high))

    def dual(self, index: int) -> FloatArray:
        """(n,) the dual point θ that the gap of fit number `index` was measured at; quantile loss.

        ``gaps[index]`` is ``primal − dual`` over `null_deviance`, with ``dual = (1/Σw) Σ w θ (y −
        offset) − (λP)*(g)`` and ``g = (1/Σw) X̃'(wθ)``, X̃ the columns as they are penalized and
        ``(λP)*`` the conjugate of the penalty and its bounds: zero where ``|g_j| ≤ λ f_j`` for L1,
        ``g_j²/(2λ f_j)`` for L2. Every θ_i lies in [q − 1, q]; with an intercept Σ w θ = 0. An
        observation without weight has 0. (Koenker & Bassett 1978, §3.)

        Args:
            index: 0..L−1, or negative to count from the smallest λ.

        Raises:
            InvalidArgument: the loss has a derivative, or there is no such fit.
        """
        if self._duals is None:
            remedy = (
                "the coefficients determine the dual point of a loss that has a derivative: "
                "−shrinkage.core.loss_gradient(path.loss, y, η), scaled to be feasible"
            )
            raise refuse("loss", repr(self.loss.name), remedy, code="argument.loss")
        return self._duals.at(index)

    def intercept(self, lam: float) -> float | FloatArray:
        """The intercept at λ, or the K of them, interpolated like `coef`."""
        low, share = self._locate(lam)
        high = min(low + 1, len(self.lambdas) - 1)
        at = (1.0 - share) * self.intercepts[..., low] + share * self.intercepts[..., high]
        return float(at) if self.outputs is None else np.asarray(at)

    def _shaped(self, columns: FloatArray) -> FloatArray:
        """Columns of `coefs_sparse` as (p, L) or (p, K, L)."""
        if self.outputs is None:
            return columns
        return columns.reshape(self.outputs, self.n_features, -1).transpose(1, 0, 2)

    def predict(
        self, X: Any, lam: float, *, kind: Kind = "response", offset: Any = None
    ) -> npt.NDArray[Any]:
        """Predictions at λ, (n,), or (n, K) with K outputs.

        Args:
            X: (n, p).
            lam: λ within the fitted grid.
            kind: "response", the mean of y (for two classes the probability of the second one, for
                loss="multinomial" those of all); "link", η = offset + b + Xβ; "class", the most
                probable label, (n,).
            offset: of these rows, (n,), or (n, K) with K outputs, or one number; needed when the
                fit had one.
        """
        matrix = as_design(X)
        self._require_features(X, matrix)
        eta = self.shifted(matrix @ self.coef(lam) + self.intercept(lam), offset)
        if kind == "link":
            return np.asarray(eta)
        if kind == "response":
            return self.loss.mean(np.asarray(eta))
        if kind == "class" and self.classes is not None:
            return labels_of(eta, self.classes)
        choices = '"response" or "link"' + ("" if self.classes is None else ' or "class"')
        raise refuse("kind", repr(kind), f"use {choices}", code="argument.kind")

    @property
    def has_offset(self) -> bool:
        """Whether the fit had an offset, which predictions then need too."""
        return bool(self._objective.get("offset", False))

    def shifted(self, eta: FloatArray, offset: Any) -> FloatArray:
        """b + Xβ, (n,) or (n, K), with the offset of the rows; see `predict`.

        Raises:
            InvalidArgument: the fit had an offset and None is given.
        """
        if offset is None:
            if self.has_offset:
                remedy = "give the offset of these rows, or 0 for none: the fit had one"
                raise refuse("offset", None, remedy, code="argument.missing")
            return eta
        if np.ndim(offset) == 0:
            return np.asarray(eta + as_number(offset, "offset"))
        return np.asarray(eta + np.asarray(as_offset(offset, len(eta), self.outputs)))

    def explain_objective(self, lam: float | None = None) -> str:
        """What was minimized at λ (the smallest by default), in our form and in the peers'."""
        at = float(self.lambdas[-1]) if lam is None else lam
        return explain_objective(self.loss, self.penalty, at, **self._objective)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the coefficients should know, a sentence each; empty for most paths.

        Classes that a linear function separates have no finite optimum at λ = 0: the fit stops
        where its loss is nearly 0, and its coefficients mean nothing.
        """
        at_zero = self.lambdas[-1] == 0 and self.deviance_ratio[-1] > _SEPARATED
        if not (at_zero and self.classes is not None):
            return ()
        return (
            "lambda = 0: a linear function separates the classes, so that coefficients of any size "
            "fit better still; use lambda > 0",
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per λ: its certificate, its size, the intercept and every coefficient.

        With K outputs the columns are named "intercept[k]" and "feature[k]", k the class or the
        number of the target.
        """
        import pandas as pd

        summary = {
            "lambda": self.lambdas,
            self.certificate_kind: self.certificate_values,
            "converged": self.converged,
            "n_nonzero": self.n_nonzero,
            "deviance_ratio": self.deviance_ratio,
        }
        if self.outputs is None:
            names, intercepts = self.names, ["intercept"]
        else:
            labels = range(self.outputs) if self.classes is None else self.classes
            names = [f"{name}[{label}]" for label in labels for name in self.names]
            intercepts = [f"intercept[{label}]" for label in labels]
        parts = (
            pd.DataFrame(summary),
            pd.DataFrame(np.atleast_2d(self.intercepts).T, columns=intercepts),
            pd.DataFrame(self.coefs_sparse.toarray().T, columns=names),
        )
        return pd.concat(parts, axis=1)

    @property
    def names(self) -> list[str]:
        """The feature names, or x0, x1, ... where X had none."""
        if self.feature_names is not None:
            return [str(name) for name in self.feature_names]
        return [f"x{j}" for j in range(self.n_features)]

    def _require_features(self, X: Any, matrix: FloatArray) -> None:
        if matrix.shape[1] != self.n_features:
            remedy = f"give the {self.n_features} features of the fit"
            raise refuse("X", describe(matrix), remedy, code="argument.shape")
        given = feature_names(X)
        if given is not None and self.feature_names is not None:
            other = np.flatnonzero(given != self.feature_names)
            if other.size:
                name = f"<column {given[other[0]]!r} in place of {self.feature_names[other[0]]!r}>"
                remedy = "give the columns of the fit in its order: X[path.feature_names]"
                raise refuse("X", name, remedy, code="argument.feature_names", index=int(other[0]))

    def _locate(self, lam: float) -> tuple[int, float]:
        """The fit at or above λ and the share of the next one."""
        value = as_number(lam, "lam", minimum=0.0)
        if not len(self.lambdas):
            remedy = "give the fit more time: this path ended before its first λ"
            raise refuse("lam", value, remedy, code="argument.range")
        largest, smallest = float(self.lambdas[0]), float(self.lambdas[-1])
        slack = 1e-12 * largest
        if not smallest - slack <= value <= largest + slack:
            remedy = f"give λ between {smallest:.6g} and {largest:.6g}, or fit a wider grid"
            raise refuse("lam", value, remedy, code="argument.range")
        value = min(max(value, smallest), largest)
        low = int(np.searchsorted(-self.lambdas, -value, side="right")) - 1
        if low >= len(self.lambdas) - 1:
            return len(self.lambdas) - 1, 0.0
        above, below = self.lambdas[low], self.lambdas[low + 1]
        return low, float((above - value) / (above - below))
