"""Read some row groups of a part: what is in memory does not grow with the part."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.part_schema import completed, is_ours, readable_columns
from storage.parts import DAMAGE, open_table, set_aside


def row_group(path: Path, schema: pa.Schema, columns: Sequence[str], number: int) -> pa.Table | None:
    """One row group of a part, checksums verified; None where the part has no such group.

    Nothing is found where a damaged page is met: the part is set aside.

    Args:
        columns: only these, in the schema's order.

    Raises:
        FileNotFoundError: there is no such part.
    """
    with _setting_aside(path), _open_ours(path, schema) as file:
        if 0 <= number < file.num_row_groups:
            return _group(file, number, schema, columns)
    return None


def groups_of_photos(path: Path, schema: pa.Schema, columns: Sequence[str], photos: pa.Array) -> Iterator[pa.Table]:
    """The rows of some photos, a row group at a time; row groups without one are not read. As `row_group` otherwise.

    Args:
        photos: photo keys.
    """
    with _setting_aside(path), _open_ours(path, schema) as file:
        found = pc.is_in(file.read(columns=["photo_key"]).column(0), value_set=photos)
        start = 0
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            mine = found.slice(start, rows)
            start += rows
            if pc.any(mine).as_py():
                yield _group(file, group, schema, columns).filter(mine)


@contextlib.contextmanager
def _setting_aside(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except DAMAGE:
        with contextlib.suppress(OSError):  # a reader that may not write reads on
            set_aside(path)


@contextlib.contextmanager
def _open_ours(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetFile]:
    with open_table(path) as file:
        if not is_ours(file.schema_arrow, schema):
            raise ValueError("it is of another schema")
        yield file


def _group(file: pq.ParquetFile, group: int, schema: pa.Schema, columns: Sequence[str]) -> pa.Table:
    table = file.read_row_group(group, columns=readable_columns(file.schema_arrow, schema, columns))
    return completed(table, schema, columns).replace_schema_metadata(None)
