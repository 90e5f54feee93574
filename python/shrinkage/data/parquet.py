"""Reader of Parquet files. It runs in a process of its own: pyarrow may abort at a damaged bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from shrinkage.data.archives import damaged
from shrinkage.data.limits import Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.data.table import Step, make_step, missing_extra, unique_names
from shrinkage.data.wire import Column, Content, Moments, Numbers, Texts, Truths, factorized
from shrinkage.errors import DataError

_MAX_FOOTER = 64 << 20
_BATCH_CELLS = 500_000
_READ_SHARE = 0.8
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def read_parquet(source: SourceFile, limits: Limits) -> Content:
    """Read a Parquet file in batches; the claims of its footer are checked first."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise missing_extra("pyarrow", "Parquet files") from error
    source.watch.phase(0.0, 0.0)  # the footer lies at the end: positions say nothing
    _check_footer_length(source, limits)
    try:
        schema = pq.read_schema(source.buffered())
        texts = [field.name for field in schema if _is_text(field.type, pa)]
        # Repeated texts stay as codes: a dictionary of one long text may stand for a million rows.
        file = pq.ParquetFile(
            source.buffered(),
            read_dictionary=texts,
            thrift_string_size_limit=_MAX_FOOTER,
            thrift_container_size_limit=1_000_000,
        )
        positions, steps = _check_claims(file, limits, pa)
        tables, rows = [], 0
        batch_rows = max(1, _BATCH_CELLS // max(len(positions), 1))
        names = [file.schema_arrow.field(position).name for position in positions]
        for batch in file.iter_batches(batch_rows, columns=names, use_threads=False):
            tables.append(batch)
            rows += batch.num_rows
            limits.check_shape(rows, len(positions))
            source.watch.done(_READ_SHARE * min(rows / file.metadata.num_rows, 1.0))
        table = pa.Table.from_batches(tables)
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise damaged((str(error).splitlines() or [""])[0][:200]) from error
    unique, more = unique_names([str(name) for name in table.column_names])
    for name, column in zip(unique, table.columns, strict=True):
        if pa.types.is_duration(column.type):
            text = f"The durations of “{name}” are read in seconds."
            more.append(make_step("durations", name, text, undoable=False))
    details = {"n_bytes": source.size}
    columns = _columns(table, source, pa)
    return Content("parquet", unique, table.num_rows, columns, (*steps, *more), details)


def _check_footer_length(source: SourceFile, limits: Limits) -> None:
    source.seek(max(0, source.size - 8))
    tail = source.read(8) or b""
    if len(tail) < 8 or tail[4:] != b"PAR1":
        raise damaged("the Parquet file has no footer; it may be cut off")
    claimed = int.from_bytes(tail[:4], "little")
    if claimed > min(_MAX_FOOTER, limits.max_inflated_bytes):
        raise too_large("the Parquet footer", claimed, _MAX_FOOTER, unit="bytes")
    if claimed > source.size - 12:
        raise damaged("the Parquet footer claims more than the file holds")
    source.seek(0)


def _check_claims(file: Any, limits: Limits, pa: Any) -> tuple[list[int], list[Step]]:
    """Positions of the flat columns, after rows, columns and bytes were checked."""
    metadata = file.metadata
    limits.check_shape(int(metadata.num_rows), int(metadata.num_columns))
    rows = claimed = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        rows += group.num_rows
        columns = [group.column(column) for column in range(group.num_columns)]
        claimed += max(
            group.total_byte_size, sum(column.total_uncompressed_size for column in columns)
        )
        limits.check_shape(max(rows, *(c.num_values for c in columns), 0), len(columns))
    limits.check_inflated(claimed, "the Parquet content")
    if metadata.num_rows <= 0:
        raise DataError(
            "the Parquet file has no rows; choose a file with rows",
            code="data.no_rows",
            argument="source",
            value=0,
            remedy="choose a file with rows",
        )
    positions, steps = [], []
    for position, field in enumerate(file.schema_arrow):
        if pa.types.is_nested(field.type):
            text = f"Column “{field.name}” holds lists or records and was left out."
            steps.append(make_step("dropped_nested", field.name, text, undoable=False))
        else:
            positions.append(position)
    return positions, steps


def _is_text(kind: Any, pa: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _columns(table: Any, source: SourceFile, pa: Any) -> Iterator[Column]:
    for index, column in enumerate(table.columns, start=1):
        yield _to_column(column, pa)
        source.watch.done(_READ_SHARE + (1 - _READ_SHARE) * index / table.num_columns)


def _to_column(column: Any, pa: Any) -> Column:
    """Whatever a model can use as numbers becomes numbers; times keep their zone."""
    kind, types = column.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
        return _to_column(column, pa)
    if types.is_dictionary(kind):
        if _is_text(kind.value_type, pa):
            return _codes(column.unify_dictionaries().combine_chunks(), pa)
        return _to_column(column.cast(kind.value_type), pa)
    if types.is_boolean(kind) and column.null_count == 0:
        return Truths(np.asarray(column.to_numpy(), dtype=np.bool_))
    if types.is_duration(kind):
        seconds = column.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy()
        return Numbers(seconds / _PER_SECOND[kind.unit])
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return Numbers(column.cast(pa.float64(), safe=False).to_numpy())
    if types.is_null(kind):
        return Numbers(np.full(len(column), np.nan))
    if types.is_timestamp(kind) or types.is_date(kind):
        unit = kind.unit if types.is_timestamp(kind) else "s"
        plain = column.cast(pa.timestamp(unit)) if types.is_date(kind) else column
        counts = plain.cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy()
        zone = kind.tz if types.is_timestamp(kind) else None
        return Moments(counts.view(f"datetime64[{unit}]"), zone)
    return factorized([_text(cell) for cell in column.to_pylist()])


def _codes(column: Any, pa: Any) -> Texts:
    """A column of codes with its distinct texts; blank texts are missing."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    codes = column.indices.cast(pa.int64()).fill_null(-1).to_numpy()
    distinct = column.dictionary.to_pylist()
    if all(distinct) and not any(map(str.isspace, distinct)):
        return Texts(codes.astype(np.int32), distinct)
    compact = factorized(distinct)
    return Texts(np.append(compact.codes, np.int32(-1))[codes], compact.distinct)


def _text(cell: Any) -> str | None:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace")
    return None if cell is None else str(cell)
