"""The encodings that all runs share: which photos are done, and compaction of small parts."""

from __future__ import annotations

from collections.abc import Collection, Set
from pathlib import Path

import pyarrow as pa

from storage.part_checks import count_rows
from storage.parts import list_parts, part_name, part_path, read_part, read_parts, set_aside, write_part
from storage.runs import EMBEDDING_FOLDER
from storage.schemas import EFFORTS, EMBEDDINGS, FACES
from storage.whole_objects import read_many

PHOTOS_PER_PART = 2_000
"""Of a compacted part: some 40 MB, which one process can merge in memory."""

SMALL_PARTS = 64
"""With at most so many small parts, compaction would cost more than it saves."""


class Done:
    """The keys in a folder of parts, read part by part as they appear."""

    def __init__(self, folder: Path, column: str = "photo_key", schema: pa.Schema = FACES) -> None:
        self._folder = folder
        self._column = column
        self._schema = schema
        self._seen: dict[Path, frozenset[str]] = {}
        self._all: set[str] = set()

    def look(self) -> Set[str]:
        """All keys now; a damaged part is set aside, and its photos are not done."""
        parts = list_parts(self._folder)
        gone = self._seen.keys() - set(parts)
        for part in gone:
            del self._seen[part]
        if gone:
            self._all = set().union(*self._seen.values())
        new = [part for part in parts if part not in self._seen]
        for part, keys in zip(new, read_many(new, self._keys), strict=True):
            if keys is not None:
                self._seen[part] = keys
                self._all |= keys  # of a million keys only the new ones are touched
        return self._all

    def parts_of(self, keys: Collection[str]) -> list[Path]:
        """The parts that have any of these keys, as of the last look."""
        wanted = frozenset(keys)
        return [part for part, seen in self._seen.items() if not wanted.isdisjoint(seen)]

    def _keys(self, part: Path) -> frozenset[str] | None:
        try:
            table = read_part(part, self._schema, [self._column])
        except FileNotFoundError:
            return None
        if table is None:
            set_aside(part)
            return None
        return frozenset(table.column(self._column).to_pylist())


def plain(table: pa.Table) -> pa.Table:
    """Dictionary columns as plain strings, so that the rows of several tables can be concatenated."""
    fields = [pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema(fields))


def canonical(table: pa.Table, schema: pa.Schema, by: tuple[str, ...]) -> pa.Table:
    """Sort the rows and rebuild the dictionaries in that order: equal content, equal bytes."""
    table = plain(table).sort_by([(name, "ascending") for name in by]).combine_chunks()
    return table.cast(schema)


def own_folders(encodings: Path) -> dict[Path, pa.Schema]:
    """The folders of parts of one engine that every photo is in, and the schema of their rows."""
    return {encodings / "faces": FACES, encodings / "efforts": EFFORTS}


def encoding_folders(encodings: Path) -> list[tuple[Path, pa.Schema]]:
    """The folders of parts of one engine, those of further encoders too, and the schema of their rows."""
    others = sorted(path for path in (encodings / EMBEDDING_FOLDER).glob("*") if path.is_dir())
    return [*own_folders(encodings).items(), *((folder, EMBEDDINGS) for folder in others)]


def compact(encodings: Path) -> int:
    """Merge many small parts into few; returns how many were merged.

    Safe beside writers and readers: the merged part is written before the small ones are deleted, and a photo that is
    in two parts for a moment has the same rows in both.
    """
    merged = 0
    for folder, schema in encoding_folders(encodings):
        parts = list_parts(folder)
        if len(parts) <= SMALL_PARTS:
            continue
        for group in _groups(parts):
            table = _unique(plain(read_parts(group, schema)), schema)
            path = part_path(folder, part_name("compact", *(part.stem for part in group)))
            write_part(path, table, {"lineup.engine": encodings.name})
            for part in group:
                part.unlink(missing_ok=True)
            merged += len(group)
    return merged


def _groups(parts: list[Path]) -> list[list[Path]]:
    """Runs of small parts that together stay within one compacted part."""
    groups: list[list[Path]] = [[]]
    rows = 0
    for part in parts:
        size = count_rows(part)
        if size is None or size >= PHOTOS_PER_PART // 2:
            continue
        if rows + size > PHOTOS_PER_PART:
            groups.append([])
            rows = 0
        groups[-1].append(part)
        rows += size
    return [group for group in groups if len(group) > 1]


def _unique(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Drop the second copy of a photo that two parts hold; order by photo."""
    by = tuple(name for name in ("photo_key", "face_index") if name in schema.names)
    table = table.append_column("_row", pa.array(range(table.num_rows)))
    first = table.group_by(list(by)).aggregate([("_row", "min")]).column("_row_min")
    kept = table.take(first.combine_chunks()).drop_columns(["_row"])
    return canonical(kept, schema, by)
