"""The files of a dataset that were read before: of each its key, its header, and whether it can be used.

    known_files/<dataset>/<limits and reader>/<part>.parquet

A file is known by its path, its size and its version (when it was changed, or an object's ETag); it is then not read
again. A cache: without it everything is read, and the catalogue is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.erase_photos import delete
from storage.parts import list_parts, part_name, part_path, read_parts, table_of, write_part
from storage.schemas import KNOWN_FILES

FOLDER = "known_files"

FACTS = ("photo_key", "bytes", "width", "height", "format", "orientation", "outcome", "reason")
"""What is known of a file: columns of a catalogue."""

MOST_PARTS = 8
"""More are merged into one."""

Row = dict[str, Any]
File = tuple[str, int, str]
"""Path, size and version."""


class KnownFiles:
    """The known files of one dataset.

    Args:
        folder: of their parts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[File, Row] | None = None

    def find(self, path: str, size: int, version: str) -> Row | None:
        """The FACTS of a file; None where it must be read."""
        return self._known().get((path, size, version))

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note files that were read: path, size and version beside their FACTS; raises StoreError."""
        if not rows:
            return
        table = table_of([dict(row) for row in rows], KNOWN_FILES)
        write_part(part_path(self._folder, _name(rows)), table)
        self._known().update({_file(row): _facts(row) for row in rows})

    def tidy(self, there: Collection[File]) -> None:
        """Merge many small parts into one, without the files that are not there any more; raises StoreError."""
        parts = list_parts(self._folder)
        if len(parts) <= MOST_PARTS:
            return
        known = self._known()
        rows = [
            {"path": file[0], "size": file[1], "version": file[2], **known[file]}
            for file in sorted(there)
            if file in known
        ]
        target = part_path(self._folder, _name(rows))
        write_part(target, table_of(rows, KNOWN_FILES))
        for part in parts:
            if part != target:
                delete(part)

    def _known(self) -> dict[File, Row]:
        if self._rows is None:
            rows = read_parts(list_parts(self._folder), KNOWN_FILES).to_pylist()
            self._rows = {_file(row): _facts(row) for row in rows}
        return self._rows


def known_files(store: Path, dataset: str, reader: Mapping[str, Any]) -> KnownFiles:
    """The known files of a dataset.

    Args:
        dataset: its absolute path or address.
        reader: JSON data of all that decides the facts besides the bytes: limits, the version of the reader.
    """
    return KnownFiles(_of_dataset(store, dataset) / _digest(json.dumps(reader, sort_keys=True)))


def forget_known_files(store: Path, dataset: str) -> None:
    """Delete what is known of a dataset's files; raises StoreError."""
    delete(_of_dataset(store, dataset))


def _of_dataset(store: Path, dataset: str) -> Path:
    return store / FOLDER / _digest(dataset)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _name(rows: Sequence[Mapping[str, Any]]) -> str:
    return part_name(*(str(value) for row in rows for value in _file(row)))


def _file(row: Mapping[str, Any]) -> File:
    return row["path"], row["size"], row["version"]


def _facts(row: Mapping[str, Any]) -> Row:
    return {name: row[name] for name in FACTS}
