"""How much of a prediction's uncertainty is noise in the data, and how much doubt of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from .._validation import FloatArray
from ._inputs import (
    as_member_weights,
    as_members,
    as_probabilities,
    as_values,
    broadcast,
    refuse_negative,
)


@dataclass(frozen=True, eq=False)
class VarianceSplit:
    """The law of total variance: Var[y] = E_t[σ_t²] + Var_t[μ_t], members t.

    Attributes:
        mean: (n,) or (n, K) E_t[μ_t].
        data: E_t[σ_t²], the noise that members expect (aleatoric).
        model: Var_t[μ_t], what members disagree by (epistemic).
    """

    mean: FloatArray
    data: FloatArray
    model: FloatArray

    @property
    def total(self) -> FloatArray:
        """Predictive variance."""
        return self.data + self.model

    @property
    def std(self) -> FloatArray:
        """Predictive standard deviation."""
        return np.asarray(np.sqrt(self.total))


def split_variance(
    members: npt.ArrayLike,
    noise_variance: npt.ArrayLike = 0.0,
    *,
    weights: npt.ArrayLike | None = None,
) -> VarianceSplit:
    """Mean and variance of predictions by members.

    Args:
        members: (T, n) or (T, n, K) means of T members.
        noise_variance: σ², a number or what broadcasts to `members`: (n,) for one a row, (T, n) for
            members that predict it.
        weights: (T,) probabilities of members; None: equal. The variance is that of the ensemble
            itself, divided by T and not by T − 1.
    """
    means = as_members(members)
    noise = as_values(noise_variance, "noise_variance")
    refuse_negative(noise, "noise_variance")
    noise = broadcast(noise, "noise_variance", means.shape)
    share = as_member_weights(weights, len(means))
    mean = np.tensordot(share, means, axes=1)
    model = np.tensordot(share, (means - mean) ** 2, axes=1)
    return VarianceSplit(mean, np.tensordot(share, noise, axes=1), model)


@dataclass(frozen=True, eq=False)
class EntropySplit:
    """Entropy of the mean of members' probabilities: H[p̄] = E_t H[p_t] + I, in nats.

    Attributes:
        mean: (n, K) p̄.
        total: (n,) H[p̄].
        data: (n,) E_t H[p_t], which members expect (aleatoric).
        model: (n,) mutual information of label and member, E_t KL(p_t ‖ p̄) ≥ 0 (epistemic; BALD
            of Houlsby, Huszár, Ghahramani & Lengyel 2011).
        variation_ratio: (n,) share of members that vote for another class than most do (Freeman
            1965).
    """

    mean: FloatArray
    total: FloatArray
    data: FloatArray
    model: FloatArray
    variation_ratio: FloatArray


def split_entropy(members: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> EntropySplit:
    """Entropy of predicted classes, by members.

    Args:
        members: (T, n, K) probabilities of T members, or (T, n) of the second of two classes.
        weights: (T,) probabilities of members; None: equal.
    """
    given = as_members(members)
    if given.ndim == 2:
        given = np.stack([1.0 - given, given], axis=-1)
    given = as_probabilities(given, "members")
    share = as_member_weights(weights, len(given))
    mean = np.tensordot(share, given, axes=1)
    votes = given.argmax(axis=2)[..., None] == np.arange(given.shape[2])
    return EntropySplit(
        mean=mean,
        total=entropy(mean),
        data=np.tensordot(share, special.entr(given).sum(axis=-1), axes=1),
        model=np.tensordot(share, special.rel_entr(given, mean).sum(axis=-1), axes=1),
        variation_ratio=1.0 - np.tensordot(share, votes.astype(float), axes=1).max(axis=-1),
    )


def entropy(probabilities: npt.ArrayLike) -> FloatArray:
    """−Σ p log p in nats, over the last axis of (..., K) probabilities."""
    return np.asarray(special.entr(as_probabilities(probabilities)).sum(axis=-1))
