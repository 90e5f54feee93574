"""The code a newcomer copies from the README runs and says what it promises."""

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    zeros = re.search(r"(\d+) of 10 weights are exactly zero", printed)
    assert zeros
    assert 0 < int(zeros[1]) < 10
    gap = re.search(r"gap of the path: (\S+)", printed)
    assert gap
    assert float(gap[1]) <= 1e-6


def test_every_file_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
