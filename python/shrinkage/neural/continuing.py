"""What a fitted network was made with, and what may change before it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import refuse
from .losses import resolve_regression_loss

# What shapes the network or was used up when it was made; all else follows `set_params`.
FIXED = (
    "hidden_layer_sizes",
    "activation",
    "loss",
    "optimizer",
    "start",
    "dtype",
    "scale",
    "random_state",
)


@contextmanager
def unless_refused(model: Any) -> Iterator[None]:
    """A call that is refused leaves the estimator as it was."""
    before = dict(vars(model))
    try:
        yield
    except BaseException:
        vars(model).clear()
        vars(model).update(before)
        raise


@dataclass(frozen=True, eq=False)
class Beginning:
    """The parameters that a network keeps from the call that made it."""

    given: dict[str, Any]

    @classmethod
    def of(cls, model: Any) -> Beginning:
        """As they are now."""
        return cls({name: _resolved(model, name) for name in FIXED if hasattr(model, name)})

    def require_same(self, model: Any) -> None:
        """Refuses the first parameter that was changed since.

        Raises:
            InvalidArgument: one was.
        """
        for name, before in self.given.items():
            now = _resolved(model, name)
            if now is not before and not _equal(now, before):
                remedy = (
                    f"set it back to {before!r}, which the network was made with, or call fit, "
                    "which makes a new one"
                )
                raise refuse(name, repr(now), remedy, code="network.made")


def _resolved(model: Any, name: str) -> Any:
    value = getattr(model, name)
    return resolve_regression_loss(value) if name == "loss" else value


def _equal(one: Any, other: Any) -> bool:
    if any(isinstance(each, list | tuple | np.ndarray) for each in (one, other)):
        return np.array_equal(np.atleast_1d(one), np.atleast_1d(other))
    return bool(one == other)
