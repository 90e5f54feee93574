"""What the ensemble inside a dropout network predicts, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .._validation import FloatArray, as_integer, refuse
from ..core import _native, dropout_mask
from ..losses import Logistic, Multinomial
from .kinds import DROPOUT_TRAITS, ResolvedKind
from .losses import NetworkLoss
from .setting import Setting

Masks = list[npt.NDArray[np.uint8] | None]


class DropoutNetwork(Protocol):
    """What an ensemble asks of the network that it lies in; see `shrinkage.neural.Network`."""

    @property
    def setting(self) -> Setting: ...
    @property
    def loss(self) -> NetworkLoss: ...
    @property
    def sizes(self) -> tuple[int, ...]: ...
    @property
    def seed(self) -> int: ...
    @property
    def rates(self) -> FloatArray: ...
    @property
    def dropout_kind(self) -> ResolvedKind: ...
    @property
    def input_groups(self) -> list[int]: ...
    @property
    def n_parameters(self) -> int: ...
    @property
    def _native(self) -> Any: ...
    def _design(self, X: Any) -> Any: ...
    def parameters(self) -> tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]]: ...
    def set_parameters(self, weights: list[Any], biases: list[Any]) -> None: ...


@dataclass(frozen=True)
class EnsembleProgress:
    """How far the members have come, as callbacks see it.

    Attributes:
        done: of `total`, in equal amounts of work; with a wanted standard error `total` is what the
            largest number of members takes.
        seconds: time since the start.
    """

    done: int
    total: int
    seconds: float


@dataclass(frozen=True)
class MaskSource:
    """By what the masks of members are drawn again: the network's layers and kind of dropout."""

    sizes: tuple[int, ...]
    rates: tuple[float, ...]
    dropout_kind: str
    input_groups: tuple[int, ...]
    seed: int
    per_row: bool
    n_members: int = 0  # of fixed masks

    @property
    def traits(self) -> _native.DropoutTraits:
        """What is known of the kind."""
        return DROPOUT_TRAITS[self.dropout_kind]

    @cached_property
    def decisions(self) -> tuple[int, ...]:
        """Decisions of each layer in which something may be dropped, 0 elsewhere."""
        sizes = list(self.sizes[:-1])
        if self.input_groups:
            sizes[0] = max(self.input_groups) + 1
        return tuple(n if p > 0 else 0 for n, p in zip(sizes, self.rates, strict=True))

    def drawn(self, member: int) -> Masks:
        """Of a sampled member."""
        if not (self.traits.drops_units or self.traits.drops_weights):
            remedy = "its members have factors in place of masks"
            raise refuse("dropout_kind", self.dropout_kind, remedy, code="argument.choice")
        if self.per_row:
            remedy = 'draw them by shrinkage.core.dropout_mask, or use masks="shared"'
            raise refuse("masks", "per_row", remedy, code="argument.choice")
        masks: Masks = []
        for layer, rate in enumerate(self.rates):
            inputs, units = self.sizes[layer : layer + 2]
            of_weights = self.traits.drops_weights
            cols = inputs * units if of_weights else self.decisions[layer]
            if rate == 0:
                masks.append(None)
                continue
            place: dict[str, Any] = dict(seed=self.seed, step=member, layer=layer)
            mask = dropout_mask(1, cols, rate, **place, n_members=self.n_members or None)[0]
            masks.append(mask.reshape(inputs, units) if of_weights else self._units(layer, mask))
        return masks

    def enumerated(self, member: int) -> Masks:
        """Of member 0 … 2^H − 1 of all, whose bits are the decisions, layer after layer."""
        masks: Masks = []
        for layer, n in enumerate(self.decisions):
            bits = np.array([member >> bit & 1 for bit in range(n)], dtype=np.uint8)
            masks.append(self._units(layer, bits) if n else None)
            member >>= n
        return masks

    def weights(self) -> FloatArray:
        """(2^H,) probabilities of all members."""
        found = np.ones(1)
        for n, rate in zip(self.decisions, self.rates, strict=True):
            for _ in range(n):  # a higher bit is a slower axis
                found = np.concatenate([rate * found, (1 - rate) * found])
        return found

    def _units(self, layer: int, decisions: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return decisions[list(self.input_groups)] if layer == 0 and self.input_groups else decisions


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Predictions of the sub-networks that dropout leaves, T of them or all.

    Shapes: R stands for (n, K) probabilities of classes, (n,) predictions, or (n, targets).

    Attributes:
        kind: "weight_scaling", "mc", "rao_blackwell", "exact_arithmetic" or "exact_geometric".
        n_members: T; fewer than asked for after a stop, see `stopped`.
        mean: R, the ensemble's prediction; of several quantiles rearranged so that they rise with
            q, as `predict` has them. Members and `std` are those of the outputs as they are.
        std: R, standard deviation of the sub-networks' predictions; of sampled ones the unbiased
            estimate, NaN where one was drawn.
        standard_error: R, Monte-Carlo error of `mean`; 0 where nothing is sampled, as with fixed
            masks, which are all there.
        arithmetic_mean, geometric_mean: R, both means of all members, where all were enumerated; a
            geometric mean is there for classes, squared and Poisson loss.
        data_variance: (n,) or (n, targets), mean of the variances that members predict, with
            loss="gaussian"; the predictive variance is this plus std².
        expected_entropy: (n,) mean of the members' entropies in nats, of classes.
        members: (T, n, K), (T, n) or (T, n, targets) where they were to be kept.
        log_likelihood: (n,) log of the members' mean density at y, (n, P) for P precisions; of
            exact_geometric, log of the normalized geometric mean of their densities. None without
            y, and where the loss has no density.
            Finite however sure a member is of another class: it never passes through `mean`.
        member_losses: (T,) mean loss of each member on y; of exact kinds in the order of
            `member_masks`. member_errors: (T,) share of wrong classes, or mean squared error.
        source: by what masks are drawn again. stopped: whether a callback stopped it.
    """

    kind: str
    n_members: int
    mean: FloatArray
    std: FloatArray
    standard_error: FloatArray
    source: MaskSource = field(repr=False)
    arithmetic_mean: FloatArray | None = field(default=None, repr=False)
    geometric_mean: FloatArray | None = field(default=None, repr=False)
    data_variance: FloatArray | None = field(default=None, repr=False)
    expected_entropy: FloatArray | None = field(default=None, repr=False)
    members: npt.NDArray[Any] | None = field(default=None, repr=False)
    log_likelihood: FloatArray | None = field(default=None, repr=False)
    member_losses: FloatArray | None = field(default=None, repr=False)
    member_errors: FloatArray | None = field(default=None, repr=False)
    stopped: bool = False

    @property
    def exact(self) -> bool:
        """Whether all sub-networks were counted."""
        return self.kind.startswith("exact")

    @property
    def seed(self) -> int:
        """By which `shrinkage.core.dropout_mask` draws the masks again: member t is step t."""
        return self.source.seed

    @property
    def entropy(self) -> FloatArray:
        """(n,) entropy of `mean` in nats: of classes."""
        self._require_classes()
        p = np.asarray(self.mean)
        return np.asarray(-np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=1))

    @property
    def mutual_information(self) -> FloatArray:
        """(n,) what knowing the sub-network would tell of the class (Houlsby et al. 2011), in nats.

        Entropy of the mean less the mean entropy, at least 0.
        """
        self._require_classes()
        if self.kind == "exact_geometric" and self.arithmetic_mean is not None:
            p = self.arithmetic_mean
            whole = -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=1)
        else:
            whole = self.entropy
        return np.asarray(np.maximum(whole - np.asarray(self.expected_entropy), 0.0))

    def _require_classes(self) -> None:
        if self.expected_entropy is None:
            remedy = "ask a classifier, and not by rao_blackwell, which has no entropy of members"
            raise refuse("kind", self.kind, remedy, code="ensemble.no_entropy")

    def member_masks(self, member: int) -> Masks:
        """Masks of a member, 1 = kept, one entry a layer: (units,) of what enters it, or None.

        Of DropConnect (inputs, units) weights.

        Raises:
            InvalidArgument: there is no such member, or it has no mask that all rows share.
        """
        member = as_integer(member, "member", minimum=0, maximum=self.n_members - 1)
        return self.source.enumerated(member) if self.exact else self.source.drawn(member)

    @cached_property
    def member_weights(self) -> FloatArray:
        """(T,) probability of each member; 1/T of sampled ones."""
        if self.exact:
            return self.source.weights()
        return np.full(self.n_members, 1 / self.n_members)

    @property
    def best(self) -> int:
        """The member of least loss."""
        return int(np.argmin(self._losses()))

    @property
    def worst(self) -> int:
        """The member of largest loss."""
        return int(np.argmax(self._losses()))

    def _losses(self) -> FloatArray:
        if self.member_losses is None:
            raise refuse("y", None, "give predict_ensemble the targets", code="argument.missing")
        return self.member_losses


def shaped(values: FloatArray, loss: Any) -> FloatArray:
    """R from (n, responses): one number a row loses its axis, unless it is of a class."""
    alone = values.shape[1] == 1 and not isinstance(loss, Logistic | Multinomial)
    return values[:, 0] if alone else values
