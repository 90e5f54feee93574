"""`import shrinkage` works without the optional packages, and loads none for itself."""

import subprocess
import sys

import pytest

OPTIONAL = ("streamlit", "altair", "pandas", "pyarrow", "openpyxl", "vl_convert")
# scikit-learn loads these by itself when they are installed.
LOADED_BY_SKLEARN = {"pandas", "pyarrow"}


def python(code: str) -> int:
    return subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_the_library_imports_where_no_optional_package_is_installed() -> None:
    absent = f"import sys; sys.modules.update(dict.fromkeys({OPTIONAL!r}))"
    assert python(f"{absent}; import shrinkage, shrinkage.conventions") == 0
    assert python(f"{absent}; import altair") != 0


@pytest.mark.parametrize("name", sorted(set(OPTIONAL) - LOADED_BY_SKLEARN))
def test_importing_the_library_loads_no_optional_package(name: str) -> None:
    pytest.importorskip(name)
    assert python(f"import sys, shrinkage; sys.exit({name!r} in sys.modules)") == 0
