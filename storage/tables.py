"""Read and write tables of a run; what is read is whole and of this version's schema."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import StoreError
from storage.part_checks import is_of_another_schema
from storage.part_schema import completed, is_ours, readable_columns
from storage.parts import DAMAGE, open_table, read_part, set_aside, write_part
from storage.runs import Run

RECOVERY = "`lineup resume` makes it; a catalogue is made by `lineup run` on the same photos"


def read_table(path: Path, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
    """The table, checksums verified.

    Args:
        columns: only these, in the schema's order; None for all.

    Raises:
        StoreError: it is missing; or another version wrote it; or it is damaged, and then it is set aside so that a
            resume makes it again.
    """
    try:
        table = read_part(path, schema, columns)
    except FileNotFoundError:
        raise _missing(path) from None
    if table is None:
        raise _unreadable(path, schema)
    return table


def table_groups(path: Path, schema: pa.Schema, columns: list[str]) -> Iterator[pa.Table]:
    """The row groups of a table, one in memory at a time. Raises as `read_table` does, also after some were given."""
    try:
        with open_table(path) as file:
            if not is_ours(file.schema_arrow, schema):
                raise _unreadable(path, schema)
            there = readable_columns(file.schema_arrow, schema, columns)
            for group in range(file.num_row_groups):
                yield completed(file.read_row_group(group, columns=there, use_threads=False), schema, columns)
    except FileNotFoundError:
        raise _missing(path) from None
    except DAMAGE as damage:
        raise _unreadable(path, schema) from damage


def _missing(path: Path) -> StoreError:
    return StoreError(f"{path} is missing: the run is not finished", RECOVERY)


def _unreadable(path: Path, schema: pa.Schema) -> StoreError:
    if is_of_another_schema(path, schema):
        return StoreError(
            f"{path} was written by another version of Lineup",
            "Use that version, or start a new run; its photos are encoded already",
        )
    with contextlib.suppress(OSError):  # a reader who may not write still says what is wrong
        set_aside(path)
    return StoreError(f"{path} is damaged", f"It is set aside. {RECOVERY}")


def write_run_tables(run: Run, tables: Mapping[str, pa.Table]) -> None:
    """Write tables of SPLIT_TABLES or COMPARISON_TABLES by name, in the order given; the last one means done.

    Raises:
        StoreError: the disk is full, or the folder cannot be written.
    """
    for name, table in tables.items():
        write_part(run.table(name), table, {"lineup.run": run.plan.fingerprint})


def _are_usable(table: pa.Table) -> pa.ChunkedArray:
    return pc.equal(pc.cast(table["outcome"], pa.string()), "ok")


def is_usable(table: pa.Table) -> npt.NDArray[np.bool_]:
    """(N,) whether the outcome is ok, of a table of photos or of faces."""
    return np.asarray(_are_usable(table).to_numpy(), bool)


def usable_rows(table: pa.Table) -> pa.Table:
    """The rows whose outcome is ok, of a table of photos or of faces; nothing is copied where all are."""
    usable = _are_usable(table)
    return table if pc.all(usable).as_py() else table.filter(usable)
