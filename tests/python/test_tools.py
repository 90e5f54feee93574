"""What `make` calls: ports, missing pieces, counts."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

import needs
import run_tests
import serve


def test_a_taken_port_is_passed_over() -> None:
    with socket.create_server((serve.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert not serve.is_free(port)
        assert serve.choose_port(port) > port


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(SystemExit, match=f"PORT='{text}'.*1 to 65535"):
        serve.wanted_port()


@pytest.mark.parametrize("folder", ["doctest", "."])
def test_doctest_is_found_where_the_variable_points(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "doctest.h").touch()
    monkeypatch.setattr(needs, "INCLUDE_DIRECTORIES", ())
    monkeypatch.setenv("DOCTEST_INCLUDE_DIR", str(tmp_path))
    assert needs.find_doctest() == str(tmp_path)


def test_a_browser_that_does_not_start_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    assert not needs.starts(str(stub))
    stub.write_text("#!/bin/sh\necho Chromium 1\n")
    monkeypatch.setenv("BROWSER_BIN", str(stub))
    assert needs.find_browser() == str(stub)


def test_the_ways_are_tried_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def look() -> str | None:
        tried.append("look")
        return "here" if "fetch" in tried else None

    def install(*packages: str) -> bool:
        tried.append(f"apt {packages[0]}")
        return True

    monkeypatch.setattr(needs, "apt_install", install)
    piece = replace(needs.DOCTEST, find=look, fetch=lambda: tried.append("fetch"))
    assert piece.seek() == "here"
    assert tried == ["look", "apt doctest-dev", "look", "fetch", "look"]


@pytest.mark.parametrize("ci", [False, True])
def test_a_missing_piece_is_one_line_and_in_ci_a_failure(
    ci: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", str(ci).lower())
    monkeypatch.setattr(needs, "apt_install", lambda *packages: False)
    piece = replace(needs.CJK_FONT, find=lambda: None)
    tally = run_tests.Tally()
    assert not run_tests.seek(tally, piece, {}, "browser tests")
    assert tally.failed == int(ci)
    (line,) = tally.notes
    assert "missing a Chinese font" in line
    assert "apt-get install" in line


def test_counts_come_from_the_reports(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite><testcase/><testcase/><testcase><skipped/></testcase>"
        "<testcase><failure/></testcase><testcase><error/></testcase></testsuite></testsuites>"
    )
    tally = run_tests.Tally()
    assert tally.add_junit(report) == 2
    assert (tally.passed, tally.failed, tally.skipped) == (2, 2, 1)


def test_the_programs_of_the_environment_come_first() -> None:
    path = run_tests.environment_of_tests()["PATH"].split(os.pathsep)
    assert (Path(path[0]) / "python").exists()


def test_what_reads_the_checkout_is_not_run_beside_the_wheel() -> None:
    here = Path(__file__).parent
    readers = {p.name for p in here.glob("test_*.py") if "parents[2]" in p.read_text("utf-8")}
    readers.remove(Path(__file__).name)
    assert readers and readers <= set(run_tests.READ_THE_CHECKOUT)
