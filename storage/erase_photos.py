"""Delete from a store: what a run derived from its photos, and photos from the shared encodings.

The name of a part says which photos were in it when it was made. So a part that loses rows gets another name:
otherwise a worker that encodes the same photos again would take it for complete.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.encodings import canonical, encoding_folders
from storage.errors import StoreError
from storage.file_locks import BUILDING, GATE, TEMPORARY
from storage.finding_schemas import COMPARISON_TABLES, SPLIT_TABLES
from storage.object_path import ObjectPath
from storage.parts import DAMAGED, list_parts, part_name, part_path, read_part, write_part
from storage.runs import EMBEDDING_FOLDER, RETENTION, Run
from storage.schemas import FACES
from storage.temporary_files import is_abandoned, sweep
from storage.whole_objects import delete_folder

LASTING = (
    *("run.json", "catalog.parquet", "failures", "attempts", f".attempts{GATE}", "cancelled", "stopped", RETENTION),
    "orchestrator.*lock",
)
"""Of a run's folder, what is not derived; whatever else is in it, now or in a later version, is."""

_LAST_FIRST = (
    *("report", "model", "encoder"),
    *(f"{name}.parquet" for name in reversed(COMPARISON_TABLES)),
    *("fits", "scores"),
    *(f"{name}.parquet" for name in reversed(SPLIT_TABLES)),
    "faces.parquet",
    EMBEDDING_FOLDER,
)
"""Cut off at any point, this order leaves a run that a resume can go on with."""


@dataclass(frozen=True)
class Erased:
    """What was taken out of the encodings.

    Args:
        photos: distinct photos that were in them.
        faces: rows with a crop and an embedding.
        unreadable: parts, set aside or damaged, that could not be searched and were deleted whole.
    """

    photos: int
    faces: int
    unreadable: int


def drop_derived(run: Run) -> tuple[str, ...]:
    """Delete all of a run but its plan, its catalogue and its failures; returns the names of what went.

    Raises:
        StoreError: something cannot be deleted.
    """
    found = [path for path in run.folder.iterdir() if not any(path.match(each) for each in LASTING)]
    ranks = {name: rank for rank, name in enumerate(_LAST_FIRST)}
    found.sort(key=lambda path: (ranks.get(path.name, ranks["model"]), path.name))
    for path in found:
        delete(path)
    return tuple(path.name for path in found)


def delete(path: Path) -> None:
    """Delete a file or a folder that may be gone already; raises StoreError."""
    if isinstance(path, ObjectPath):
        delete_folder(path)
        path.unlink(missing_ok=True)
        return
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"cannot delete {path}: {error.strerror}", "Fix permissions, then try again") from error


def erase_photos(store: Path, keys: Collection[str]) -> Erased:
    """Delete photos from the encodings of every engine; no worker may be writing there meanwhile.

    Raises:
        StoreError: a part cannot be written or deleted; what is not erased yet stays readable, and erasing again
            goes on.
    """
    wanted = pa.array(sorted(keys), pa.string())
    found: set[str] = set()
    faces = unreadable = 0
    for engine in _engines(store):
        sweep(engine)
        for folder, schema in encoding_folders(engine):
            for gone in _erase_from(folder, schema, wanted, engine):
                if gone is None:
                    unreadable += 1
                elif schema is FACES:
                    found.update(gone.column("photo_key").to_pylist())
                    faces += sum(outcome == "ok" for outcome in gone.column("outcome").to_pylist())
    return Erased(len(found), faces, unreadable)


def leftovers_of(engine: Path) -> list[Path]:
    """What writers that died left below an engine's folder, and its damaged parts: a sweep of them loses nothing."""
    hidden = [] if isinstance(engine, ObjectPath) else engine.rglob(".*")
    temporary = [path for path in hidden if path.name.endswith((TEMPORARY, BUILDING)) and is_abandoned(path)]
    damaged = [path for folder, _ in encoding_folders(engine) for path in folder.glob(f"*{DAMAGED}")]
    return sorted([*temporary, *damaged])


def delete_leftovers(engine: Path) -> None:
    """Delete `leftovers_of(engine)`; raises StoreError."""
    sweep(engine)
    for path in leftovers_of(engine):
        delete(path)


def erase_from_folder(engine: Path, folder: Path, keys: Collection[str]) -> None:
    """Delete photos from one folder of `encoding_folders(engine)`; otherwise as `erase_photos`."""
    schema = dict(encoding_folders(engine))[folder]
    for _ in _erase_from(folder, schema, pa.array(sorted(keys), pa.string()), engine):
        pass


def _erase_from(folder: Path, schema: pa.Schema, wanted: pa.Array, engine: Path) -> Iterator[pa.Table | None]:
    """Of each part the rows that went, or None where it could not be read and went whole."""
    for damaged in folder.glob(f"*{DAMAGED}"):
        delete(damaged)
        yield None
    for part in list_parts(folder):
        yield _erase(part, schema, wanted, engine.name)


def count_photos(store: Path, keys: Collection[str]) -> int:
    """How many of these photos are in the encodings of any engine."""
    wanted = pa.array(sorted(keys), pa.string())
    found: set[str] = set()
    for engine in _engines(store):
        for part in list_parts(engine / "faces"):
            column = _keys(part, FACES)
            if column is not None:
                found.update(column.filter(pc.is_in(column, value_set=wanted)).to_pylist())
    return len(found)


def _engines(store: Path) -> list[Path]:
    return sorted(path for path in (store / "encodings").glob("*") if path.is_dir())


def _keys(part: Path, schema: pa.Schema) -> pa.ChunkedArray | None:
    table = read_part(part, schema, ["photo_key"])
    return None if table is None else table.column("photo_key")


def _erase(part: Path, schema: pa.Schema, wanted: pa.Array, engine: str) -> pa.Table | None:
    """Write a part anew without these photos; the rows that went, or None where it could not be read and is gone."""
    keys = _keys(part, schema)
    if keys is None:
        delete(part)
        return None
    gone = pc.is_in(keys, value_set=wanted)
    if not pc.any(gone).as_py():
        return schema.empty_table()
    table = read_part(part, schema)
    if table is not None and not pc.all(gone).as_py():
        by = tuple(name for name in ("photo_key", "face_index") if name in schema.names)
        rest = canonical(table.filter(pc.invert(gone)).replace_schema_metadata(None), schema, by)
        name = part_name("without", part.stem, *sorted(set(keys.filter(gone).to_pylist())))
        write_part(part_path(part.parent, name), rest, {"lineup.engine": engine})
    delete(part)
    return None if table is None else table.filter(gone)
