"""Whatever became of the history: the app opens on a finished picture and says in one sentence."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shrinkage.app import history_file, store
from shrinkage.app.i18n import translate
from shrinkage.app.services import services
from shrinkage.app.spec import DEFAULT
from shrinkage.app.store import HOME_VARIABLE, History

from .conftest import Screen

NAME = history_file.NAME
RUN = dict(key="k" * 64, spec=DEFAULT.to_json(), data_name="diabetes", digest="d", version="0")
PAGE = 4096
Damage = Callable[[Path], object]


def filled(folder: Path, runs: int = 60) -> Path:
    """A history of some pages, whose log is written back; returns its file."""
    history = History(folder)
    for number in range(runs):
        run = history.start(**{**RUN, "key": f"{number:064d}"})
        history.finish(run, "done", 1.0, {"kept": 7, "total": 10, "error": 0.5, "pad": "x" * 300})
    history.close()
    return folder / NAME


def change(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(statement)


def overwrite(path: Path, page: int, content: bytes = b"\xa5" * PAGE) -> None:
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(content)


def hold(path: Path) -> Iterator[None]:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    yield
    db.close()


# What happened to the file | the sentence | how many of 60 runs are still listed at least
DAMAGES: dict[str, tuple[Damage, str, int]] = {
    "a page in the middle": (lambda p: overwrite(filled(p), 5), "damaged", 40),
    "the second page": (lambda p: overwrite(filled(p), 1), "damaged", 0),
    "the last page of many": (lambda p: overwrite(filled(p), 8), "damaged", 40),
    "the first page": (lambda p: overwrite(filled(p), 0), "damaged", 0),
    "a page of zeros": (lambda p: overwrite(filled(p), 4, bytes(PAGE)), "damaged", 40),
    "half a page": (lambda p: overwrite(filled(p), 6, b"\x00" * 2000), "damaged", 40),
    "cut in the middle": (
        lambda p: (p / NAME).write_bytes(filled(p).read_bytes()[: 7 * PAGE]),
        "damaged",
        0,
    ),
    "cut within a page": (
        lambda p: (p / NAME).write_bytes(filled(p).read_bytes()[:-777]),
        "damaged",
        0,
    ),
    "no database": (lambda p: (p / NAME).write_bytes(b"not a database" * 900), "damaged", 0),
    "a picture": (
        lambda p: (p / NAME).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000)),
        "damaged",
        0,
    ),
    "another program's runs": (
        lambda p: change(p / NAME, "CREATE TABLE runs (metric REAL, run_uuid TEXT)"),
        "foreign",
        0,
    ),
    "a view of that name": (
        lambda p: change(p / NAME, "CREATE TABLE a (x); CREATE VIEW runs AS SELECT x FROM a"),
        "foreign",
        0,
    ),
    "a folder of that name": (lambda p: (p / NAME / "below").mkdir(parents=True), "foreign", 0),
    "a newer version": (lambda p: change(filled(p), "PRAGMA user_version = 99"), "newer", 0),
}
# Rows that are no runs are passed over without a word: the file is whole.
ROWS: dict[str, str] = {
    "facts that are no JSON": "UPDATE runs SET summary = '{' WHERE rowid = 60",
    "facts of other kinds": 'UPDATE runs SET summary = \'{"kept": [], "total": "x", "error": {}}\'',
    "facts that are a list": "UPDATE runs SET summary = '[1]' WHERE rowid = 60",
    "a spec that is no JSON": "UPDATE runs SET spec = 'x' WHERE rowid = 60",
    "a status nobody knows": "UPDATE runs SET status = 'gone' WHERE rowid = 60",
    "a time beyond the calendar": "UPDATE runs SET created = 1e300 WHERE rowid = 60",
    "bytes for a name": "UPDATE runs SET data_name = x'ff00' WHERE rowid = 60",
    "a number of seconds in words": "UPDATE runs SET seconds = 'soon' WHERE rowid = 60",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder of this test, whose services are closed at its end."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    yield tmp_path
    services().close()


def opened(kind: str | None) -> Screen:
    """A first visit: a finished picture, and exactly the sentence of this kind."""
    screen = Screen(services())
    assert screen.board["sides"]
    warnings = [warning.value for warning in screen.at.warning]
    if kind is None:
        assert warnings == []
        return screen
    trouble = screen.shared.trouble
    assert trouble is not None and trouble.kind == kind
    said = translate("en", f"history.trouble.{kind}", file=trouble.file, kept=str(trouble.kept))
    assert [w.replace("\\", "") for w in warnings] == [said]
    return screen


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_history_is_set_aside_and_told(home: Path, name: str) -> None:
    damage, kind, least = DAMAGES[name]
    damage(home)
    screen = opened(kind)
    trouble = screen.shared.trouble
    assert trouble is not None and trouble.kept >= least
    assert (home / trouble.file).exists()
    # The fit of the first picture joins what was carried over, and all of it lies on the disk.
    assert len(screen.shared.history.recent(100)) == trouble.kept + 1
    screen.shared.close()
    assert len(services().history.recent(100)) == trouble.kept + 1
    if kind != "newer":
        assert services().history.trouble is None


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_is_no_run_hides_no_other(home: Path, name: str) -> None:
    change(filled(home), ROWS[name])
    screen = opened(None)
    assert len(screen.shared.history.recent(100)) >= 60
    screen.at.session_state["history_panel"] = True
    assert not screen.run().errors
    assert len([b for b in screen.at.button if (b.key or "").startswith("open_")]) >= 2


def test_a_locked_history_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_file, "_BUSY_SECONDS", 0.1)
    path = filled(home)
    holder = hold(path)
    next(holder)
    opened("locked").shared.close()
    next(holder, None)
    assert len(services().history.recent(100)) == 60


def test_a_full_disk_keeps_runs_in_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(home)
    connect = history_file._connect

    def small(path: Path) -> sqlite3.Connection:
        db = connect(path)
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    monkeypatch.setattr(history_file, "_connect", small)
    with contextlib.closing(History(home)) as history:
        runs = [history.start(**{**RUN, "spec": "x" * PAGE}) for _ in range(3)]
        assert history.trouble == history_file.Trouble("full")
        assert {run.id for run in history.recent(3)} == set(runs)
        assert len(history.recent(100)) == 63
    assert path.exists()


def test_a_history_that_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(home)
    connect = history_file._connect

    def readonly(path: Path) -> sqlite3.Connection:
        db = connect(path)
        db.execute("PRAGMA query_only = 1")
        return db

    monkeypatch.setattr(history_file, "_connect", readonly)
    Screen(services())  # its fit is the first that asks for a place
    screen = opened("readonly")
    assert len(screen.shared.history.recent(100)) == 61


def test_a_page_that_goes_bad_under_way(home: Path) -> None:
    path = filled(home, runs=200)
    with contextlib.closing(History(home)) as history:
        history._db.execute("PRAGMA shrink_memory")  # what was read is read again
        for page in range(2, path.stat().st_size // PAGE):
            overwrite(path, page)
        run = history.start(**RUN)
        history.recent(200)
        assert history.trouble is not None and history.trouble.kind == "damaged"
        again = history.start(**RUN)
        assert again in {r.id for r in history.recent(200)} and run is not None


def test_a_file_where_the_copies_should_be(home: Path) -> None:
    (home / "files").write_text("mine")
    (home / "servers").write_text("mine")
    screen = opened(None)
    saved = screen.shared.shelf.save("a.csv", b"a,b\n1,2\n")
    assert screen.shared.shelf.find(saved.digest) == saved
    (aside,) = home.glob("files-set-aside-*")
    assert aside.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "file" / "below"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store._temporary.cache_clear()
    opened("temporary").shared.close()
    store._temporary.cache_clear()
