"""NumPy archives: dense, sparse, of every type of number; headers and parts that are none."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csr_matrix

from shrinkage.data import guess_target, prepare, read_table
from support.files import error_of, npz, zipped


def test_npz_dense(tmp_path: Path) -> None:
    X = np.asfortranarray(np.arange(12.0).reshape(4, 3))
    path = tmp_path / "data.npz"
    np.savez(path, X=X, y=np.array([1, 2, 3, 5]), feature_names=["a", "温度", "a"], extra=X[0])
    read = read_table(path)
    assert read.columns == ("a", "温度", "a.1", "y")
    assert read.target_columns == ("y",)
    assert guess_target(read) == "y"
    np.testing.assert_array_equal(read.frame.to_numpy()[:, :3], X)
    codes = {step.code: step for step in read.steps}
    assert codes["ignored_arrays"].fields["names"] == ["extra"]


def test_npz_class_names_and_text_targets() -> None:
    X = np.eye(4)
    named = read_table(npz(X=X, y=np.array([0, 1, 1, 0]), class_names=["no", "yes"]))
    assert list(named.frame["y"]) == ["no", "yes", "yes", "no"]
    text = read_table(npz(X=X, y=np.array(["b", "a", "b", "b"])))
    assert list(text.frame["y"]) == ["b", "a", "b", "b"]


def test_npz_several_targets_never_explain_each_other() -> None:
    generator = np.random.default_rng(0)
    X, Y = generator.normal(size=(20, 3)), generator.normal(size=(20, 2))
    read = read_table(npz(X=X, Y=Y, target_names=["u", "v"]))
    assert read.target_columns == ("u", "v")
    prepared = prepare(read, "u")
    assert prepared.feature_names == ("x1", "x2", "x3")
    assert prepare(read, "u", undo={"dropped_other_target:v"}).feature_names[-1] == "v"


def test_npz_sparse_and_pictures() -> None:
    dense = np.diag([1.0, 2.0, 3.0])
    S = csr_matrix(dense)
    parts = {"data": S.data, "indices": S.indices, "indptr": S.indptr, "shape": S.shape}
    read = read_table(npz(**parts, y=[1, 2, 3]))
    np.testing.assert_array_equal(read.frame.to_numpy()[:, :3], dense)
    assert [step.code for step in read.steps] == ["made_dense"]
    pictures = read_table(npz(X=np.arange(24).reshape(2, 3, 4), y=[0, 1]))
    assert pictures.n_columns == 13
    assert [step.code for step in pictures.steps] == ["flattened"]
    too_wide = {**parts, "shape": np.array([3, 50_000_000])}
    assert error_of(npz(**too_wide)).code == "data.too_large"
    assert error_of(npz(**{**parts, "indices": S.indices + 7})).code == "data.bad_array"
    assert error_of(npz(**{**parts, "indptr": S.indptr[::-1]})).code == "data.bad_array"


RAGGED = np.array([[0, 2.5, 0, 0], [0, 0, -3, 0], [7, 0, 0, 0], [0, 0, 0, 1e-9]])


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "dia"])
@pytest.mark.parametrize("made", ["matrix", "array"])
@pytest.mark.parametrize("shape", [(4, 4), (4, 2), (2, 4)])
def test_npz_of_every_sparse_format(kind: str, made: str, shape: tuple[int, int]) -> None:
    dense = RAGGED[: shape[0], : shape[1]]
    matrix = getattr(sparse, f"{kind}_{made}")(dense)
    buffer = io.BytesIO()
    sparse.save_npz(buffer, matrix)
    read = read_table(buffer.getvalue())
    np.testing.assert_array_equal(read.frame.to_numpy(), dense)
    assert [step.code for step in read.steps] == ["made_dense"]


def test_npz_of_sparse_blocks_and_repeated_places() -> None:
    dense = np.kron(np.array([[1, 0, 2], [0, 3, 0]]), np.arange(1.0, 7).reshape(2, 3))
    buffer = io.BytesIO()
    sparse.save_npz(buffer, sparse.bsr_matrix(dense, blocksize=(2, 3)))
    np.testing.assert_array_equal(read_table(buffer.getvalue()).frame.to_numpy(), dense)
    twice = {"data": [1.0, 2.0, 4.0], "row": [0, 0, 1], "col": [1, 1, 0], "shape": [2, 2]}
    read = read_table(npz(**twice, format=b"coo"))
    assert read.frame.to_numpy().tolist() == [[0.0, 3.0], [4.0, 0.0]]


CSC = {"data": [1.0, 2.0], "indices": [0, 1], "indptr": [0, 1, 2], "shape": [2, 2], "format": "csc"}


COO = {"data": [1.0, 2.0], "row": [0, 1], "col": [1, 0], "shape": [2, 2], "format": "coo"}


DIA = {"data": [[1.0, 2.0]], "offsets": [0], "shape": [2, 2], "format": "dia"}


@pytest.mark.parametrize(
    "parts",
    [
        {**CSC, "indices": [0, 2]},
        {**CSC, "indices": [0, -1]},
        {**CSC, "indices": [0, 10**6]},
        {**CSC, "indptr": [0, 1]},
        {**CSC, "indptr": [0, 3, 2]},
        {**CSC, "indptr": [1, 1, 2]},
        {**CSC, "indptr": [0, 1, 9]},
        {**CSC, "indices": [0.0, 1.0]},
        {**CSC, "data": ["a", "b"]},
        {**CSC, "data": [1j, 2.0]},
        {**CSC, "shape": [-2, 2]},
        {**CSC, "format": "lil"},
        {**CSC, "format": "coo"},
        {**CSC, "format": [1, 2]},
        {**COO, "row": [0, 2]},
        {**COO, "col": [0, -1]},
        {**COO, "col": [0]},
        {**DIA, "offsets": [0, 1]},
        {**DIA, "offsets": [2**62]},
        {**CSC, "format": "bsr"},
        {**CSC, "format": "bsr", "data": np.ones((2, 3, 1))},
    ],
)
def test_npz_of_a_sparse_matrix_that_is_none(parts: dict[str, Any]) -> None:
    assert error_of(npz(**parts)).code == "data.bad_array"


def test_npz_byte_strings_are_texts() -> None:
    names = np.array(["a", "ä"], dtype="U2")
    encoded = np.array([name.encode() for name in names])
    read = read_table(npz(X=np.eye(2), y=np.array([b"cat", b"dog"]), feature_names=encoded))
    assert list(read.frame["y"]) == ["cat", "dog"]
    assert read.columns == ("a", "ä", "y")
    named = read_table(npz(X=np.eye(2), y=[0, 1], class_names=np.array([b"no", b"yes"])))
    assert list(named.frame["y"]) == ["no", "yes"]


@pytest.mark.parametrize("dtype", [">f8", "<f4", ">f2", ">i4", "<u8", "?", "i1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npz_number_types(dtype: str, order: Any) -> None:
    X = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype, order=order)
    read = read_table(npz(X=X, y=X[:, 0]))
    assert read.frame.dtypes.eq("float64").all()
    np.testing.assert_array_equal(read.frame.to_numpy()[:, :3], X.astype(float))


def test_npz_dates_records_and_complex_numbers() -> None:
    days = np.array(["2020-01-01", "NaT"], dtype="datetime64[ns]")
    read = read_table(npz(X=np.eye(2), y=days))
    assert read.frame["y"].isna().tolist() == [False, True]
    assert str(read.frame["y"][0]).startswith("2020-01-01")
    record = np.zeros(2, dtype=[("a", "f8"), ("b", "i4")])
    for X in (record, days[:, None], np.eye(2) * 1j, np.zeros((2, 2), "m8[s]")):
        assert error_of(npz(X=X, y=[0, 1])).code == "data.bad_array"
    for y in (record, np.array([1j, 2]), np.array([1, 2], "m8[s]")):
        assert error_of(npz(X=np.eye(2), y=y)).code == "data.bad_array"


def npy(header: str, content: bytes) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


@pytest.mark.parametrize(
    ("header", "content"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)", bytes(32)),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': ((2, 2), }", bytes(32)),
        ("[" * 5000, bytes(32)),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -8)}", bytes(64)),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, -2)}", bytes(32)),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (True, 4)}", bytes(32)),
        ("{'descr': '<q9', 'fortran_order': False, 'shape': (2, 2)}", bytes(32)),
        ("{'descr': [('a'], 'fortran_order': False, 'shape': (2, 2)}", bytes(32)),
        ("{'descr': '<U1', 'fortran_order': False, 'shape': (2,)}", b"\xff" * 8),
        ("\x00", b""),
        ("", b""),
    ],
)
def test_npz_headers_that_are_none(header: str, content: bytes) -> None:
    good = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2)}", bytes(32))
    damaged = npy(header, content)
    for members in ({"X.npy": damaged}, {"X.npy": good, "y.npy": damaged}):
        assert error_of(zipped(members)).code in ("data.unreadable", "data.bad_array")


def test_npz_members_that_overlap_or_come_twice() -> None:
    good = npz(X=np.eye(3), y=[1, 2, 3])
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        first, _ = archive.infolist()
    buffer = io.BytesIO(good)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.getinfo("y.npy").header_offset = first.header_offset
        archive._didModify = True  # type: ignore[attr-defined]
    assert error_of(buffer.getvalue()).code == "data.unreadable"
    buffer = io.BytesIO(good)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("y.npy", zipfile.ZipFile(io.BytesIO(good)).read("y.npy"))
    assert error_of(buffer.getvalue()).code == "data.unreadable"


def test_npz_never_unpickles() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (pytest.fail, ("unpickled",))

    X = np.empty((2, 2), dtype=object)
    X[:] = Bomb()
    buffer = io.BytesIO()
    np.savez(buffer, X=X, y=[0, 1])
    assert error_of(buffer.getvalue()).code == "data.object_array"


def test_npz_bad_arrays() -> None:
    assert error_of(npz(A=np.eye(3))).code == "data.no_matrix"
    assert error_of(npz(X=np.arange(3.0), y=[1, 2, 3])).code == "data.bad_array"
    assert error_of(npz(X=np.eye(3), y=[1, 2])).code == "data.bad_array"
    assert error_of(npz(X=np.array([["a", "b"]]), y=[1])).code == "data.bad_array"
    assert error_of(npz(X=np.empty((0, 2)), y=[])).code == "data.no_rows"
    good = npz(X=np.eye(50), y=np.arange(50))
    for cut in (10, len(good) // 2, len(good) - 3):
        assert error_of(good[:cut]).code == "data.unreadable"


def test_signalling_nan_of_r_is_missing() -> None:
    na = np.array([0x7FF00000000007A2], dtype=np.uint64).view(np.float64)[0]
    generator = np.random.default_rng(0)
    X = generator.normal(size=(50, 3))
    X[::7, 1] = 0.0
    bits = X.view(np.uint64)
    bits[::7, 1] = 0x7FF00000000007A2
    read = read_table(npz(X=X, y=X[:, 0]))
    prepared = prepare(read, "y")
    known = ~np.isnan(X[:, 1])
    assert np.isnan(na)
    assert known.sum() == 42
    filled = prepared.X[:, 1]
    np.testing.assert_array_equal(filled[known], X[known, 1])
    np.testing.assert_array_equal(filled[~known], np.median(X[known, 1]))
