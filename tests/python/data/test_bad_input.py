"""Bad files and bad choices: each a clear error with a stable code and a remedy."""

import contextlib
import gzip
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shrinkage.data import RawTable, prepare, read_table
from shrinkage.errors import DataError

GOOD = b"a,b,y\n1,x,1.5\n2,y,2.5\n3,x,3.5\n4,y,4.5\n5,x,9\n"


def good() -> RawTable:
    return read_table(GOOD, name="good")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "data.empty_file"),
        (b" \n\n\t\n", "data.empty_file"),
        (b"\xef\xbb\xbf", "data.empty_file"),
        (b";;;\n;;;\n", "data.empty_file"),
        (gzip.compress(b"", mtime=0), "data.empty_file"),
        (b"a,b,c\n", "data.no_rows"),
        (b"a\n1\n2\n", "data.one_column"),
        (b"just some words\n", "data.no_rows"),
        (gzip.compress(GOOD, mtime=0)[:-9], "data.unreadable"),
        (gzip.compress(GOOD, mtime=0) + b"garbage", "data.unreadable"),
        (gzip.compress(b"PAR1" + bytes(100), mtime=0), "data.unsupported_format"),
        (pickle.dumps({"a": 1}), "data.unsupported_format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "data.unsupported_format"),
        (b"%PDF-1.7 " + bytes(50), "data.unsupported_format"),
        (b'{"a": [1, 2]}', "data.unsupported_format"),
        (b'[{"a": 1}]', "data.unsupported_format"),
        (b"<html><body></body></html>", "data.unsupported_format"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "data.unsupported_format"),
        (b"PK\x05\x06" + bytes(18), "data.unsupported_format"),
        (b"PK\x03\x04" + bytes(10), "data.unreadable"),
        (bytes(range(256)) * 10, "data.unsupported_format"),
    ],
)
def test_bad_files(content: bytes, code: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table(content)
    assert caught.value.code == code
    assert caught.value.fields["remedy"]
    assert caught.value.fields["argument"]


def test_noise_never_escapes_as_another_error() -> None:
    generator = np.random.default_rng(0)
    for size in (1, 7, 64, 4096):
        for start in (b"", b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"a,b\n"):
            content = start + generator.integers(0, 256, size, dtype=np.uint8).tobytes()
            with contextlib.suppress(DataError):
                assert read_table(content).n_columns > 1


def test_bad_sources(tmp_path: Path) -> None:
    for source in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError) as caught:
            read_table(source)
        assert caught.value.code == "data.cannot_open"
        assert str(source) in str(caught.value)
    for bad in (None, 3, [1, 2]):
        with pytest.raises(DataError) as caught:
            read_table(bad)  # type: ignore[arg-type]
        assert caught.value.code == "data.bad_source"


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ({"encoding": "klingon"}, "data.bad_encoding"),
        ({"delimiter": ";;"}, "data.bad_delimiter"),
        ({"encoding": "ascii"}, "data.unreadable"),
    ],
)
def test_bad_options(option: dict[str, Any], code: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table("ä,b\n1,2\n".encode(), **option)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (GOOD, {"target": "Y"}, "data.unknown_target"),
        (GOOD, {"target": "y", "task": "ranking"}, "data.unknown_task"),
        (GOOD, {"target": "b", "task": "regression"}, "data.text_target_for_regression"),
        (GOOD, {"target": "y", "exclude": ["z"]}, "data.unknown_column"),
        (GOOD, {"target": "y", "undo": ["one_hot:z"]}, "data.unknown_step"),
        (GOOD, {"target": "y", "undo": ["nonsense"]}, "data.unknown_step"),
        (GOOD, {"target": "y", "exclude": ["a", "b"]}, "data.no_features"),
        (b"a,y\n1,5\n2,5\n3,5\n4,5\n", {"target": "y"}, "data.constant_target"),
        (b"a,y\n1,u\n2,u\n3,u\n4,u\n", {"target": "y"}, "data.constant_target"),
        (b"a,y\n1,\n2,\n3,\n4,\n", {"target": "y"}, "data.missing_target"),
        (b"a,y\n1,NA\n2,?\n3,NA\n4,\n", {"target": "y"}, "data.missing_target"),
        (b"a,y\n1,2\n2,3\n", {"target": "y"}, "data.too_few_rows"),
        (b"a,y\n1,2\n1,3\n1,4\n1,5\n", {"target": "y"}, "data.no_features"),
    ],
)
def test_bad_choices(content: bytes, options: dict[str, Any], code: str) -> None:
    table = read_table(content)
    before = table.frame.copy()
    with pytest.raises(DataError) as caught:
        prepare(table, **options)
    assert caught.value.code == code
    assert caught.value.fields["argument"]
    assert caught.value.fields["remedy"]
    assert before.equals(table.frame)  # nothing loaded is lost


def test_too_many_classes() -> None:
    rows = "".join(f"{i % 7},name{i}\n" for i in range(30))
    table = read_table(("x,y\n" + rows).encode())
    with pytest.raises(DataError) as caught:
        prepare(table, "y")
    assert caught.value.code == "data.too_many_texts"
    assert caught.value.fields["value"] == 30
    numbers = read_table(("x,y\n" + "".join(f"{i % 7},{i / 3}\n" for i in range(30))).encode())
    with pytest.raises(DataError) as caught:
        prepare(numbers, "y", task="classification")
    assert caught.value.code == "data.too_many_classes"


def test_unknown_target_names_the_near_ones() -> None:
    with pytest.raises(DataError, match="Salary"):
        prepare(read_table(b"a,Salary\n1,2\n2,3\n3,5\n4,1\n"), "Salry")


def test_an_all_missing_column_is_dropped_and_reported() -> None:
    prepared = prepare(read_table(b"a,b,y\n1,,2\n2,,3\n3,,4\n4,,6\n"), "y")
    assert prepared.feature_names == ("a",)
    step = next(step for step in prepared.steps if step.code == "dropped_all_missing")
    assert step.column == "b"
    assert step.fields["count"] == 4


def test_infinite_values_count_as_missing() -> None:
    prepared = prepare(read_table(b"a,b,y\n1,1,2\n2,inf,3\n3,5,4\n4,-inf,6\n"), "y")
    np.testing.assert_array_equal(prepared.X[:, 1], [1, 3, 5, 3])
    codes = [step.code for step in prepared.steps]
    assert codes == ["infinite_as_missing", "filled_missing_median"]


def test_errors_survive_pickling() -> None:
    with pytest.raises(DataError) as caught:
        read_table(b"")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.code, copy.fields, str(copy)) == (
        caught.value.code,
        caught.value.fields,
        str(caught.value),
    )
