"""Where the seeds of masks come from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def resolve_seed(random_state: Any) -> int:
    """A number is the seed itself; a generator or None draws one."""
    if isinstance(random_state, int | np.integer) and 0 <= random_state < 2**64:
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
