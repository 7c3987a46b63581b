"""Read and write tables of a run; what is read is whole and of this version's schema."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import StoreError
from storage.part_checks import is_of_another_schema
from storage.parts import read_part, set_aside, write_part
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
        raise StoreError(f"{path} is missing: the run is not finished", RECOVERY) from None
    if table is None and is_of_another_schema(path, schema):
        raise StoreError(
            f"{path} was written by another version of Lineup",
            "Use that version, or start a new run; its photos are encoded already",
        )
    if table is None:
        with contextlib.suppress(OSError):  # a reader who may not write still says what is wrong
            set_aside(path)
        raise StoreError(f"{path} is damaged", f"It is set aside. {RECOVERY}")
    return table


def write_run_tables(run: Run, tables: Mapping[str, pa.Table]) -> None:
    """Write tables of SPLIT_TABLES or COMPARISON_TABLES by name, in the order given; the last one means done.

    Raises:
        StoreError: the disk is full, or the folder cannot be written.
    """
    for name, table in tables.items():
        write_part(run.table(name), table, {"lineup.run": run.plan.fingerprint})


def usable_rows(table: pa.Table) -> pa.Table:
    """The rows whose outcome is ok, of a table of photos or of faces; nothing is copied where all are."""
    usable = pc.equal(pc.cast(table["outcome"], pa.string()), "ok")
    return table if pc.all(usable).as_py() else table.filter(usable)
