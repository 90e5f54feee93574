"""Reader of Parquet files."""

from __future__ import annotations

import decimal
from typing import Any

from shrinkage.data.archives import damaged
from shrinkage.data.columns import assemble, typed_series
from shrinkage.data.limits import Limits, too_large
from shrinkage.data.source import SourceFile
from shrinkage.data.table import (
    RawTable,
    Step,
    make_step,
    missing_extra,
    require_pandas,
    unique_names,
)
from shrinkage.errors import DataError

_MAX_FOOTER = 64 << 20
_BATCH_CELLS = 500_000


def read_parquet(source: SourceFile, limits: Limits, *, name: str) -> RawTable:
    """Read a Parquet file in batches; the claims of its footer are checked first."""
    require_pandas()
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
            source.watch.done(rows / file.metadata.num_rows)
        table = pa.Table.from_batches(tables)
    except (pa.ArrowException, OSError) as error:
        raise damaged(str(error).splitlines()[0][:200]) from error
    columns = []
    for column in table.columns:
        columns.append(_to_column(column))
        source.watch.check()
    unique, more = unique_names([str(name) for name in table.column_names])
    frame = assemble(unique, columns, source.watch)
    return RawTable(frame, name, "parquet", {"n_bytes": source.size}, (*steps, *more))


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
    if metadata.num_rows == 0:
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


def _to_column(column: Any) -> Any:
    """float64 as an array; datetimes, truth values and texts (as categories) as a Series."""
    pandas = require_pandas()
    series = column.to_pandas()
    kinds = pandas.api.types
    if kinds.is_bool_dtype(series.dtype) or kinds.is_datetime64_any_dtype(series.dtype):
        return series
    if kinds.is_numeric_dtype(series.dtype):
        return series.to_numpy(dtype="float64")
    if isinstance(series.dtype, pandas.CategoricalDtype):
        return series
    # Decimals, dates and truth values with gaps arrive as Python objects.
    return typed_series([_plain(cell) for cell in series])


def _plain(cell: Any) -> Any:
    if isinstance(cell, decimal.Decimal):
        return float(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace")
    return None if cell is None or cell != cell else cell  # NaN and NaT differ from themselves
