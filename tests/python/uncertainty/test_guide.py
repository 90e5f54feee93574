"""The guide's example runs and prints what it promises."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "uncertainty.md"


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    if not GUIDE.exists():
        pytest.skip("needs the guides of the checkout")
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, GUIDE.name, "exec"), {})
    printed = capsys.readouterr().out
    shares = re.findall(r"covered at 90 %.*?: (0\.\d+|1) \[(\S+), (\S+)\]", printed)
    assert len(shares) == 2
    assert all(float(low) <= 0.9 <= float(high) for _, low, high in shares)
    assert float(re.findall(r"p = (\S+)", printed)[0]) > 0.01
