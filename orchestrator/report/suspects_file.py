"""suspects.csv in the report's folder: the suspected label errors, with an empty column for the person who decides.

The next run takes the file with --corrections; see `orchestrator.dataset.corrections`.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from orchestrator.dataset.corrections import has_actions
from orchestrator.dataset.csv_file import csv_bytes
from orchestrator.text import counted
from storage.errors import DatasetError
from storage.write_whole import write_bytes

SUSPECTS_CSV = "suspects.csv"
COLUMNS = (
    *("path", "label", "suggested", "action", "reason", "margin", "own_distance", "other_distance"),
    *("nearest_own", "nearest_suggested"),
)


def write_suspects(folder: Path, suspects: pa.Table, paths: dict[str, str]) -> None:
    """Write suspects.csv, unless there is no suspect, or somebody has filled in the one that is there.

    Args:
        suspects: `storage.finding_schemas.SUSPECTS`.
        paths: by photo key.

    Raises:
        StoreError: it cannot be written.
    """
    file = folder / SUSPECTS_CSV
    if suspects.num_rows and not _is_filled_in(file):
        write_bytes(file, suspects_csv(suspects, paths))


def suspects_csv(suspects: pa.Table, paths: dict[str, str]) -> bytes:
    """The file's content: a row for each photo, the largest margin first; see `write_suspects`."""
    rows: dict[str, tuple[object, ...]] = {}
    for row in suspects.to_pylist():
        nearest = ("; ".join(paths.get(key, key) for key in row[each]) for each in ("nearest_own", "nearest_other"))
        measured = (row[name] for name in ("margin", "own_distance", "other_distance"))
        told = (row["path"], row["label"], row["suggested"], "", row["reason"], *measured, *nearest)
        rows.setdefault(row["path"], told)
    return csv_bytes(COLUMNS, rows.values())


def suspects_sentence(suspects: pa.Table, where: str = SUSPECTS_CSV) -> str:
    """How many photos are in suspects.csv, and where it is; empty for none."""
    photos = len(set(suspects["path"].to_pylist()))
    return f"{counted(photos, 'photo')} may carry the wrong name: see {where}." if photos else ""


def _is_filled_in(file: Path) -> bool:
    try:
        return file.exists() and has_actions(file)
    except DatasetError:
        return True  # somebody has changed it: an action with a typing error is no reason to lose the others
