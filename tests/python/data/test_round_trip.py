"""What is written comes back: CSV over delimiters, encodings, decimal marks and line ends."""

import csv
import gzip
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shrinkage.data import read_table
from shrinkage.data.reading import learn_reading, texts_of
from shrinkage.data.table import StepLog

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1", "gb18030", "shift_jis", "cp1251"]
finite = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: float(f"{value:.6g}"))
tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(finite, min_size=width, max_size=width), min_size=3, max_size=30
    )
)


def written(value: float, decimal: str) -> str:
    return f"{value:.9f}".replace(".", decimal)


@given(
    rows=tables,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    compressed=st.booleans(),
)
def test_numbers(
    rows: list[list[float]],
    delimiter: str,
    decimal: str,
    encoding: str,
    ending: str,
    compressed: bool,
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=ending)
    names = [f"Größe {index}" for index in range(len(rows[0]))]
    writer.writerow(names)
    writer.writerows([[written(value, decimal) for value in row] for row in rows])
    content = buffer.getvalue().encode(encoding)
    table = read_table(gzip.compress(content) if compressed else content)
    assert table.columns == tuple(names)
    assert table.details["delimiter"] == delimiter
    read = np.column_stack(
        [
            learn_reading(table.frame[name], name, table.decimal, StepLog()).numbers(
                table.frame[name]
            )
            for name in names
        ]
    )
    expected = np.array(rows)
    expected[np.isin(expected, (-99.0, -200.0, -999.0, 999.0, 9999.0))] = np.nan
    known = ~np.isnan(read)
    np.testing.assert_allclose(read[known], np.array(rows)[known], rtol=0, atol=1e-9)
    # Only what looks like a code for "missing" may have gone.
    assert np.isnan(expected[~known]).all()


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Cf"]))


@given(
    cells=st.lists(st.tuples(texts.filter(str.strip), finite), min_size=3, max_size=20),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_texts(cells: list[tuple[str, float]], delimiter: str, encoding: str) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["label", "x"])
    # A first column that is surely text, so that texts such as "1" stay what they are.
    writer.writerows([["t" + text, f"{value:.9f}"] for text, value in cells])
    table = read_table(buffer.getvalue().encode(encoding), delimiter=delimiter)
    read = texts_of(table.frame["label"])
    assert [read.distinct[code] for code in read.codes] == [("t" + t).strip() for t, _ in cells]
    np.testing.assert_allclose(table.frame["x"], [v for _, v in cells], rtol=0, atol=1e-9)


@given(
    pool=st.sampled_from(
        [
            ("cp1252", ["Zürich", "Genève", "Köln", "señor", "façade", "Århus"]),
            ("gb18030", ["北京", "上海", "广州", "深圳", "成都", "杭州"]),
            ("big5", ["臺北", "高雄", "臺中", "新竹", "花蓮"]),
            ("shift_jis", ["とうきょう", "おおさか", "カテゴリ", "きょうと"]),
            ("cp949", ["서울", "부산", "대구", "인천", "광주"]),
            ("cp1251", ["Москва", "Казань", "Самара", "Омск", "Уфа"]),
        ]
    ),
    picks=st.lists(st.integers(0, 100), min_size=8, max_size=30),
)
def test_national_encodings(pool: tuple[str, list[str]], picks: list[int]) -> None:
    encoding, words = pool
    # All words occur: the encoding is judged by the text as a whole.
    chosen = words + [words[pick % len(words)] for pick in picks]
    text = "town,x\n" + "".join(f"{word},{index}\n" for index, word in enumerate(chosen))
    table = read_table(text.encode(encoding))
    assert list(table.frame["town"]) == chosen
