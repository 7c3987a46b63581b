"""Look at a part without its rows: whether it is whole, of which schema it is, how many rows it has."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from storage.part_schema import is_ours
from storage.parts import DAMAGE, open_table, set_aside


def is_of_another_schema(path: Path, schema: pa.Schema) -> bool:
    """Whether a part can be read and has other columns: another version wrote it. Its pages are not verified."""
    try:
        with open_table(path) as file:
            return not is_ours(file.schema_arrow, schema)
    except DAMAGE:
        return False


def is_intact(path: Path, schema: pa.Schema) -> bool:
    """Whether a part is of this schema and every page of it as it was written; raises FileNotFoundError.

    Reads all of it, a row group at a time.
    """
    try:
        with open_table(path) as file:
            ours = is_ours(file.schema_arrow, schema)
            for group in range(file.num_row_groups if ours else 0):
                file.read_row_group(group)
    except FileNotFoundError:
        raise
    except DAMAGE:
        return False
    return ours


def is_whole(path: Path, schema: pa.Schema) -> bool:
    """Whether a part is there and intact; a damaged one is set aside."""
    try:
        whole = is_intact(path, schema)
    except FileNotFoundError:
        return False
    if not whole:
        set_aside(path)
    return whole


def count_rows(path: Path) -> int | None:
    """Rows of a part, from its footer; None where it is damaged or gone (compacted by another)."""
    try:
        with open_table(path) as file:
            return int(file.metadata.num_rows)
    except DAMAGE:
        return None
