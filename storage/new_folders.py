"""New folders: whole, or not there at all."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from storage.errors import cannot_write
from storage.file_locks import BUILDING
from storage.folders import fsync
from storage.liveness import liveness_of
from storage.local_copies import is_complete, put_folder
from storage.object_path import ObjectPath


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write into. When the block ends well it becomes `path`; otherwise it is deleted.

    If `path` exists by then, it stays and the new folder is deleted: two processes that build the same folder build
    the same content. The leftovers of dead builders are deleted. In an object store
    its files are written one by one; `is_complete` (storage/local_copies.py) tells whether all are there.

    Raises:
        StoreError: the disk is full, or the parent cannot be written.
    """
    with scratch_folder(path) as building:
        yield building
        if isinstance(path, ObjectPath):
            if not is_complete(path, ""):
                put_folder(building, path)
            return
        for file in building.iterdir():
            fsync(file)
        fsync(building)
        if not path.exists():
            building.rename(path)
            fsync(path.parent)


@contextlib.contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """A folder for intermediate files while `beside` is made; it is deleted when the block ends.

    It is always one of this machine. The leftovers of dead processes are deleted.

    Raises:
        StoreError: the disk is full, or the parent cannot be written.
    """
    if isinstance(beside, ObjectPath):
        with tempfile.TemporaryDirectory(prefix="lineup-") as name:
            yield Path(name)
        return
    liveness = liveness_of(beside)
    try:
        with liveness.temporary_folder(beside) as scratch:
            for left in beside.parent.glob(f".{beside.name}.*{BUILDING}"):
                liveness.delete_if_dead(left)
            yield scratch
    except OSError as error:
        raise cannot_write(beside, error) from error
