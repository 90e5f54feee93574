"""Where the seeds of masks come from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from .._validation import as_integer, refuse


def resolve_seed(random_state: Any) -> int:
    """A number is the seed itself; a generator or None draws one."""
    if isinstance(random_state, int | np.integer):
        return as_integer(random_state, "random_state", minimum=0, maximum=2**64 - 1)
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except ValueError as error:
        remedy = "give an integer of at least 0, a numpy.random.RandomState, or None"
        raise refuse("random_state", repr(random_state), remedy, code="argument.type") from error
