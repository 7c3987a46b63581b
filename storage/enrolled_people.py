"""People who were added to the models of a finished run: a part of ENROLLED for each, whose name is that of the label.

Models that know them are in a folder whose name is a digest of the parts: other people, another model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.erase_photos import delete
from storage.parts import list_parts, part_name, part_path, read_parts, write_part
from storage.path_kinds import is_there
from storage.runs import ENROLLED_FOLDER, Run, list_runs, run_folder
from storage.schemas import ENROLLED


def read_enrolled(run: Run) -> pa.Table:
    """ENROLLED of all people who were added, by person and photo."""
    return read_parts(list_parts(run.enrolled), ENROLLED).sort_by([("label", "ascending"), ("photo_key", "ascending")])


def write_enrolled(run: Run, label: str, faces: pa.Table) -> None:
    """Add a person, in place of what was enrolled under that name before; raises StoreError."""
    drop_models(run)
    write_part(_part(run.enrolled, label), faces, {"lineup.run": run.plan.fingerprint})


def drop_enrolled(run: Run, label: str, keys: Collection[str] = ()) -> bool:
    """Take a person out again, and delete every model that knows them; whether anything was there.

    Args:
        keys: of photos whose faces are deleted under every other name, too.

    Raises:
        StoreError: something cannot be read, written or deleted.
    """
    if not _holds(run.enrolled, label, keys):
        return False
    drop_models(run)
    delete(_part(run.enrolled, label))
    for part in list_parts(run.enrolled):
        table = read_parts([part], ENROLLED)
        kept = table.filter(pc.invert(pc.is_in(table["photo_key"], value_set=pa.array(sorted(keys), pa.string()))))
        if not kept.num_rows:
            delete(part)
        elif kept.num_rows < table.num_rows:
            write_part(part, kept, {"lineup.run": run.plan.fingerprint})
    return True


def enrolled_models(run: Run) -> Path | None:
    """The folder of the models that know all who were added; None where nobody was."""
    parts = list_parts(run.enrolled)
    if not parts:
        return None
    digest = hashlib.sha256(run.plan.fingerprint.encode())
    for part in sorted(parts):
        digest.update(hashlib.sha256(part.read_bytes()).digest())
    return run.enrolled / digest.hexdigest()[:16]


def galleries_of(store: Path, label: str, keys: Collection[str] = ()) -> list[str]:
    """The runs whose models this person, or a face of these photos, was added to."""
    return [run_id for run_id in list_runs(store) if _holds(run_folder(store, run_id) / ENROLLED_FOLDER, label, keys)]


def _holds(folder: Path, label: str, keys: Collection[str]) -> bool:
    if is_there(_part(folder, label)):
        return True
    found = read_parts(list_parts(folder), ENROLLED, ["photo_key"])["photo_key"].to_pylist() if keys else []
    return not set(keys).isdisjoint(found)


def drop_models(run: Run) -> None:
    """Delete the models that know people who were added; raises StoreError."""
    for folder in run.enrolled.glob("*") if is_there(run.enrolled) else ():
        if folder.is_dir():
            delete(folder)


def _part(folder: Path, label: str) -> Path:
    return part_path(folder, part_name("enrolled", label))
