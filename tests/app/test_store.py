"""The history and the shelf of files: they survive kill -9, damage and two servers."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from shrinkage.app.files import FileShelf
from shrinkage.app.spec import DEFAULT
from shrinkage.app.store import HOME_VARIABLE, History, data_dir

RUN = dict(key="k" * 64, spec="{}", data_name="diabetes", digest="d", version="0")

CHILD = """
import sys, time
from pathlib import Path
from shrinkage.app.store import History
history = History(Path(sys.argv[1]))
kept = history.start(key="a" * 64, spec="{}", data_name="kept", digest="d", version="0")
history.finish(kept, "done", 1.5, {"nonzero": 7})
history.start(key="b" * 64, spec="{}", data_name="lost", digest="d", version="0")
print("ready", flush=True)
time.sleep(60)
"""


def test_a_run_is_recorded_and_found(tmp_path: Path) -> None:
    history = History(tmp_path)
    spec = DEFAULT.but(target="目标")
    run = history.start(
        key=spec.key(), spec=spec.to_json(), data_name="糖尿病", digest="d", version="0.1"
    )
    assert history.recent()[0].status == "running"
    history.finish(run, "done", 0.25, {"sentence": "保留 7 个"})
    row = history.recent()[0]
    assert (row.id, row.status, row.seconds) == (run, "done", 0.25)
    assert (row.spec, row.data_name) == (spec.to_json(), "糖尿病")
    assert row.summary == {"sentence": "保留 7 个"}
    assert history.find(spec.key()[:16]) == row
    assert history.find("zz") is None
    history.close()


def test_newest_first_bounded_and_cleared(tmp_path: Path) -> None:
    history = History(tmp_path)
    runs = [history.start(**RUN) for _ in range(5)]
    assert [r.id for r in history.recent(3)] == runs[:1:-1]
    for run in runs[:4]:
        history.finish(run, "failed", 0.0)
    history.clear()
    assert [r.id for r in history.recent()] == runs[4:]
    history.close()


@pytest.mark.parametrize("status", ["running", "perfect"])
def test_a_run_cannot_end_otherwise(tmp_path: Path, status: str) -> None:
    history = History(tmp_path)
    with pytest.raises(ValueError, match="status"):
        history.finish("x", status, 0.0)
    history.close()


def test_a_killed_server_leaves_its_history_and_an_interrupted_run(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline().strip() == "ready"
        # A second server beside a living one leaves its runs alone.
        beside = History(tmp_path)
        assert {r.data_name: r.status for r in beside.recent()} == {
            "kept": "done",
            "lost": "running",
        }
        beside.close()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    after = History(tmp_path)
    rows = {r.data_name: r for r in after.recent()}
    assert rows["lost"].status == "interrupted"
    assert rows["kept"].status == "done"
    assert rows["kept"].summary == {"nonzero": 7}
    after.close()


def test_locks_of_servers_long_gone_are_swept(tmp_path: Path) -> None:
    living = History(tmp_path)
    (tmp_path / "servers" / "dead.lock").touch()
    (tmp_path / "servers" / "new.lock").touch()
    for lock in (tmp_path / "servers").iterdir():
        if lock.stem != "new":
            os.utime(lock, (0, 0))
    other = History(tmp_path)
    assert len(list((tmp_path / "servers").iterdir())) == 3
    assert not (tmp_path / "servers" / "dead.lock").exists()
    living.close()
    other.close()


def test_a_damaged_history_is_set_aside_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite3").write_bytes(b"not a database" * 100)
    history = History(tmp_path)
    history.start(**RUN)
    assert len(history.recent()) == 1
    kept = list(tmp_path.glob("damaged-*-history.sqlite3"))
    assert len(kept) == 1
    assert kept[0].read_bytes().startswith(b"not a database")
    history.close()


def test_the_database_is_in_wal_mode(tmp_path: Path) -> None:
    history = History(tmp_path)
    db = sqlite3.connect(tmp_path / "history.sqlite3")
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()
    history.close()


def test_folder_follows_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "a b"))
    assert data_dir() == tmp_path / "a b"
    assert data_dir().is_dir()


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "file" / "below"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = data_dir()
    assert folder.is_dir()
    assert folder.parent == tmp_path


def test_shelf_returns_the_same_bytes_by_digest(tmp_path: Path) -> None:
    shelf = FileShelf(tmp_path)
    saved = shelf.save("数据.csv", b"a,b\n1,2\n")
    assert saved.digest == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    found = FileShelf(tmp_path).find(saved.digest)
    assert found == saved
    assert found is not None
    assert found.path.read_bytes() == b"a,b\n1,2\n"
    assert not list(tmp_path.glob("*.part"))
    shelf.clear()
    assert shelf.find(saved.digest) is None


def test_parts_of_a_killed_save_are_swept(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = [tmp_path / name for name in (f"{dead.pid}-abc.part", "tmpx1y2.part")]
    written = [tmp_path / f"{os.getpid()}-abc.part", tmp_path / "1-abc.part"]
    for part in (*left, *written):
        part.write_bytes(b"half")
    FileShelf(tmp_path)
    assert not any(part.exists() for part in left)
    assert all(part.exists() for part in written)  # their processes live


def test_a_save_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FileShelf(tmp_path)

    def full(part: Path, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        shelf.save("a.csv", b"a,b\n1,2\n")
    assert not list(tmp_path.iterdir())


def test_shelf_drops_the_oldest_and_never_the_new(tmp_path: Path) -> None:
    shelf = FileShelf(tmp_path, max_bytes=250)
    saved = [shelf.save(f"{i}.csv", bytes([i]) * 100) for i in range(3)]
    for age, file in enumerate(reversed(saved)):
        os.utime(file.path, (1000.0 - age, 1000.0 - age)) if file.path.exists() else None
    new = shelf.save("big.csv", b"x" * 300)
    assert shelf.find(new.digest) == new
    assert [shelf.find(f.digest) for f in saved] == [None] * 3


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "a" * 63, "/" * 64])
def test_shelf_takes_digests_only(tmp_path: Path, digest: str) -> None:
    assert FileShelf(tmp_path).find(digest) is None
