"""Kinds of dropout by name or as objects."""

from __future__ import annotations

from dataclasses import dataclass

from .._validation import as_number, refuse

DROPOUT_KINDS = ("bernoulli", "gaussian", "alpha", "batch", "dropconnect", "concrete")
GROUPING_KINDS = ("bernoulli", "alpha", "batch")  # whose decision on a unit is one bit


@dataclass(frozen=True)
class Concrete:
    """Dropout rates that are learned, one for each layer whose rate starts above 0.

    A unit is multiplied by k/(1 − p), k = 1 − σ((logit p + logit u)/t) with u uniform; the rate p
    follows the gradient through k and that of

        (1/τn) Σ_l [ℓ²‖W_l‖²/(2(1 − p_l)) − K_l H(p_l)],   H(p) = −p ln p − (1 − p) ln(1 − p),

    the divergence from the prior (Gal, Hron & Kendall 2017, eq. 3 to 5), K_l the number of what
    enters layer l and n that of the examples trained on. With more of them this term fades and
    rates fall.
    (Their W is ours over 1 − p; their Keras code states the same with 2ℓ²/2 and 2 for a squared
    loss without ½.)

    Args:
        temperature: t > 0; as t → 0 the gates become the masks of "bernoulli".
        length_scale: ℓ ≥ 0 of the prior on weights; 10⁻⁴ is that of the authors' experiments.
        precision: τ > 0 of the targets, 1/variance, with the squared loss; 1 where the loss is
            minus a log likelihood.

    Raises:
        InvalidArgument: a number is outside its range.
    """

    temperature: float = 0.1
    length_scale: float = 1e-4
    precision: float = 1.0
    name = "concrete"

    def __post_init__(self) -> None:
        as_number(self.temperature, "temperature", minimum=0.0, open_minimum=True)
        as_number(self.length_scale, "length_scale", minimum=0.0)
        as_number(self.precision, "precision", minimum=0.0, open_minimum=True)


def resolve_dropout_kind(kind: str | Concrete) -> tuple[str, Concrete]:
    """The name of a kind, and what learned rates are learned by.

    Raises:
        InvalidArgument: there is no such kind.
    """
    if isinstance(kind, Concrete):
        return kind.name, kind
    if isinstance(kind, str) and kind in DROPOUT_KINDS:
        return kind, Concrete()
    remedy = "use " + ", ".join(f'"{name}"' for name in DROPOUT_KINDS)
    remedy += ", or shrinkage.neural.Concrete(temperature=0.1)"
    raise refuse("dropout_kind", repr(kind), remedy, code="argument.choice", choices=DROPOUT_KINDS)
