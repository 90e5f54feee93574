"""What every test may use: real data beside the checkout, replicate counts, property profiles."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SHRINKAGE_SHARED", ROOT.parent / "shared"))
STUDY_REPLICATES = 10  # at most, unless `make studies` asks for all of them

# No deadline: the first example pays for imports and the machine may be busy. The same examples
# every time: a change fails for what it changed.
settings.register_profile("fast", max_examples=30, deadline=None, derandomize=True)
settings.register_profile(
    "long",
    max_examples=500,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(
    os.environ.get("SHRINKAGE_PROFILE") or ("long" if os.environ.get("CI") == "true" else "fast")
)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """A function from a name to the path of that file or folder in the shared data sets.

    `shared_data("prostate_esl.csv")` is `../shared/data/prostate_esl.csv` beside the checkout; a
    test that asks for a file that is not there is skipped.
    """

    def find(name: str) -> Path:
        path = SHARED / "data" / name
        if not path.exists():
            pytest.skip(f"needs {name} of the shared data sets, looked for in {SHARED / 'data'}")
        return path

    return find


@pytest.fixture(scope="session")
def replicates() -> Callable[[int], int]:
    """A function from the replicates a study needs to those it may run now."""

    def allowed(wanted: int) -> int:
        full = os.environ.get("SHRINKAGE_STUDIES") == "full"
        return wanted if full else min(wanted, STUDY_REPLICATES)

    return allowed
