"""Read parts a row group at a time: what is in memory does not grow with the part."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.part_schema import completed, is_ours, readable_columns
from storage.parts import DAMAGE, open_table, set_aside


def row_groups(path: Path, schema: pa.Schema, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The row groups of a part, checksums verified; nothing more where a damaged page is met: the part is set aside.

    Args:
        columns: only these, in the schema's order.

    Raises:
        FileNotFoundError: there is no such part.
    """
    try:
        with open_table(path) as file:
            if not is_ours(file.schema_arrow, schema):
                raise ValueError("it is of another schema")
            for group in range(file.num_row_groups):
                yield _group(file, group, schema, columns)
    except FileNotFoundError:
        raise
    except DAMAGE:
        with contextlib.suppress(OSError):  # a reader that may not write reads on
            set_aside(path)


def groups_of_photos(path: Path, schema: pa.Schema, columns: Sequence[str], photos: pa.Array) -> Iterator[pa.Table]:
    """The rows of some photos, a row group at a time; row groups without one are not read. As `row_groups` otherwise.

    Args:
        photos: photo keys.
    """
    try:
        with open_table(path) as file:
            if not is_ours(file.schema_arrow, schema):
                raise ValueError("it is of another schema")
            found = pc.is_in(file.read(columns=["photo_key"]).column(0), value_set=photos)
            start = 0
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                mine = found.slice(start, rows)
                start += rows
                if pc.any(mine).as_py():
                    yield _group(file, group, schema, columns).filter(mine)
    except FileNotFoundError:
        raise
    except DAMAGE:
        with contextlib.suppress(OSError):
            set_aside(path)


def _group(file: pq.ParquetFile, group: int, schema: pa.Schema, columns: Sequence[str]) -> pa.Table:
    table = file.read_row_group(group, columns=readable_columns(file.schema_arrow, schema, columns))
    return completed(table, schema, columns).replace_schema_metadata(None)
