"""The user's own file: a good one, and every bad one of the list, in both languages."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shrinkage.app.i18n import LANGUAGES
from shrinkage.app.spec import DEFAULT, FILE_PREFIX, decode, encode

Opened = Callable[..., Any]


def table(seed: int = 0, rows: int = 80) -> bytes:
    """Semicolons, decimal commas, a category, holes, an identifier, a constant, 中文 names."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.normal(size=(3, rows))
    price = 3 * a - 2 * b + 0.3 * rng.normal(size=rows)
    lines = ["编号;面积;age;age;town;const;price;kind"]
    for i in range(rows):
        number = [f"{v:.4f}".replace(".", ",") for v in (a[i], b[i], c[i], price[i])]
        area = "" if i % 11 == 3 else number[0]
        kind = "yes" if price[i] > 0 else "no"
        cells = (f"K{i:03d}", area, number[1], number[2], "ABC"[i % 3], "1", number[3], kind)
        lines.append(";".join(cells))
    return "\n".join(lines).encode()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_good_upload_gives_the_same_picture(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang).upload("房价.csv", table())
    expected = screen.t("data.read", name=r"房价\.csv", rows="80", columns="8")
    assert expected in screen.texts
    screen.use(target="price", task="regression")
    features = set(screen.board["features"])
    assert {"面积", "age", "age.1", "town=A", "town=B", "town=C"} <= features
    assert not any(name.startswith(("编号", "const")) for name in features)
    assert r"房价\.csv" in screen.chip
    missing = screen.t("step.filled_missing_median", column="面积", count=7)
    assert missing in screen.texts
    assert screen.t("step.dropped_constant", column="const", value="1") in screen.texts
    spec = decode(screen.query("c"))
    assert (spec.target, spec.task, spec.digest is not None) == ("price", "regression", True)
    assert screen.errors == []


def test_classification_of_the_same_file(open_app: Opened) -> None:
    screen = open_app().upload("a.csv", table()).use(target="kind")
    assert screen.board["loss"] == "logistic"
    assert "price" in screen.board["features"]


def test_a_step_is_undone_and_done_again(open_app: Opened) -> None:
    screen = open_app().upload("a.csv", table()).use(target="price")
    texts = [m.value for m in screen.at.markdown]
    constant = screen.t("step.dropped_constant", column="const", value="1")
    assert constant in texts
    keys = [b.key for b in screen.at.button if (b.key or "").startswith("undo_")]
    steps = [m for m in texts if any(m == s for s in texts) and "**" in m and "file" not in m]
    filled = screen.t("step.filled_missing_median", column="面积", count=7)
    position = next(
        i for i, step in enumerate(screen.shared.fits.jobs()[-1].result.steps)
        if step.code == "filled_missing_median"
    )  # fmt: skip
    assert filled in steps
    assert any(key.startswith(f"undo_{position}:") for key in keys)
    screen.click(f"undo_{position}:")
    assert screen.t("data.undone", text=filled) in screen.texts
    assert "面积" not in screen.board["features"]
    screen.click("redo_0")
    assert "面积" in screen.board["features"]


def test_the_test_rows_have_no_say_in_the_preparation(open_app: Opened) -> None:
    screen = open_app().upload("a.csv", table()).use(target="price")
    whole = screen.shared.fits.jobs()[-1].result
    screen.widget("toggle", "split").set_value(True)
    screen.run()
    split = screen.shared.fits.jobs()[-1].result
    fills = [next(s for s in r.steps if s.code == "filled_missing_median") for r in (whole, split)]
    assert fills[0].fields["value"] != fills[1].fields["value"]
    assert split.comparison.n_test == 20
    assert split.comparison.n_rows == 60


def test_a_refresh_finds_the_file_again(open_app: Opened) -> None:
    first = open_app().upload("a.csv", table()).use(target="price")
    again = open_app(c=first.query("c"))
    assert again.board["id"] == first.board["id"]
    again.at.session_state["data_panel"] = True
    assert again.run().widget("selectbox", "target_").value == "price"


def test_the_boxes_are_drawn_with_what_is_chosen(open_app: Opened) -> None:
    """A page that was cut off may draw them anew, and shows what it is told then."""
    screen = open_app().upload("a.csv", table())
    screen.widget("selectbox", "target_").set_value("age")
    target = screen.run().widget("selectbox", "target_")
    assert target.value == "age"
    assert target.options[target.proto.default] == "age"


def test_a_link_to_a_file_that_is_not_here(open_app: Opened) -> None:
    link = encode(DEFAULT.but(data=FILE_PREFIX + "ab" * 32, target="y"))
    screen = open_app(c=link or "")
    assert screen.errors == [screen.t("error.data.file_gone", value="abababab")]
    assert screen.at.get("bidi_component") == []
    screen.widget("selectbox", "sample_").set_value("diabetes")
    assert len(screen.run().board["features"]) == 10


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npz_claiming(cells: int) -> bytes:
    """An .npy header that claims so many float64 and holds none."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({cells}, 1), }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", member)
    return buffer.getvalue()


def parquet_claiming(size: int) -> bytes:
    return b"PAR1" + b"\0" * 100 + struct.pack("<I", size) + b"PAR1"


def gz_of(size: int) -> bytes:
    """A gzip of lines that inflate to ``size`` bytes."""
    block = gzip.compress(b"1,2,3\n" * 1_000_000, 1)
    return gzip.compress(b"a,b,c\n") + block * (size // 6_000_000 + 1)


UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    "empty file": ("e.csv", b"", "data.empty_file"),
    "blank file": ("e.csv", b"\n \n", "data.empty_file"),
    "one column": ("o.csv", b"a\n1\n2\n3\n", "data.one_column"),
    "names only": ("n.csv", b"a,b\n", "data.no_rows"),
    "a picture": ("p.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), "data.unsupported_format"),
    "pickled objects": ("o.npz", npz(X=np.array([{"a": 1}], dtype=object)), "data.object_array"),
    "no matrix": ("m.npz", npz(Z=np.eye(3)), "data.no_matrix"),
    "npz of 5 GB": ("b.npz", npz_claiming(5 * 2**27), "data.too_large"),
    "parquet of 4 GB": ("b.parquet", parquet_claiming(2**32 - 1), "data.too_large"),
    "gz of 1.2 GB": ("b.csv.gz", gz_of(1_200_000_000), "data.too_large"),
    "cut gz": ("c.csv.gz", gzip.compress(table())[:-30], "data.unreadable"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_bad_files_are_explained_and_nothing_is_lost(open_app: Opened, lang: str) -> None:
    screen = open_app(lang=lang)
    before = screen.board["id"]
    for case, (name, content, code) in UNREADABLE.items():
        screen.upload(name, content)
        assert explains(screen, code), case
        assert screen.t("data.kept") in screen.texts
        assert screen.board["id"] == before
        assert "442 × 10" in screen.chip
    screen.upload("good.csv", table()).use(target="price")
    assert screen.errors == []
    assert screen.board["id"] != before


def explains(screen: Any, code: str) -> bool:
    """Whether the one error box holds the text of this code, whatever its fields are."""
    (message,) = screen.errors
    parts = screen.t(f"error.{code}", **dict.fromkeys(KNOWN_FIELDS, "\0")).split("\0")
    return all(part in message for part in parts)


KNOWN_FIELDS = ("value", "limit", "argument", "known", "remedy", "column", "constant", "example")


def column(header: str, *cells: str) -> bytes:
    """A table whose column ``y`` holds these cells, beside two good columns."""
    rows = [f"{i % 7},{i * i % 11},{cells[i % len(cells)]}" for i in range(40)]
    return "\n".join([header, *rows]).encode()


UNUSABLE: dict[str, tuple[bytes, str, str | None, str]] = {
    "constant target": (column("a,b,y", "3"), "y", "regression", "data.constant_target"),
    "missing target": (column("a,b,y", ""), "y", "regression", "data.missing_target"),
    "text target": (
        column("a,b,y", "red", "blue"), "y", "regression", "data.text_target_for_regression",
    ),
    "too many classes": (
        column("a,b,y", *map(str, range(40))), "y", "classification", "data.too_many_classes",
    ),
    "nothing left": (b"a,y\n" + b"1,2\n1,3\n" * 20, "y", "regression", "data.no_features"),
    "too few rows": (b"a,y\n1,2\n2,3\n", "y", "regression", "data.too_few_rows"),
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_unusable_targets_are_explained_and_the_old_picture_stays(
    open_app: Opened, lang: str
) -> None:
    screen = open_app(lang=lang)
    before = screen.board["id"]
    for case, (content, target, task, code) in UNUSABLE.items():
        screen.upload("t.csv", content).use(target, task)
        assert explains(screen, code), case
        assert screen.board["id"] == before
        assert screen.t("linear.previous", name=screen.t("sample.diabetes")) in screen.texts
    assert screen.click("fit_back").errors == []
    assert screen.board["id"] == before


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_all_missing_column_is_reported_not_fatal(open_app: Opened, lang: str) -> None:
    content = b"a,hole,y\n" + b"".join(b"%d,,%d\n" % (i % 7, i % 5 + i) for i in range(40))
    screen = open_app(lang=lang).upload("h.csv", content).use(target="y", task="regression")
    assert screen.t("step.dropped_all_missing", column="hole", count=40) in screen.texts
    assert screen.board["features"] == ["a"]


def test_markup_in_names_stays_text(open_app: Opened) -> None:
    content = table().replace("面积".encode(), b"<b>$x$ :red[y]</b>")
    screen = open_app().upload("<script>`a`.csv", content).use(target="price")
    assert "<b>$x$ :red[y]</b>" in screen.board["features"]
    assert "<script>" not in screen.chip
    assert r"\<script\>" in screen.chip
