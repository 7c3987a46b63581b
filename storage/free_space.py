"""Free space: whether the disk of the store has room for a part."""

from __future__ import annotations

import os
from pathlib import Path

from storage.file_locks import TEMPORARY
from storage.object_path import ObjectPath
from storage.write_whole import write_bytes

PROBE_BYTES = 1_000_000
"""About the size of a part of photos: a disk that takes so much has room for one."""


def check_room(folder: Path) -> None:
    """Raise StoreFull where the disk has no room for a part; costs microseconds while there is plenty.

    An object store has no size.
    """
    if isinstance(folder, ObjectPath):
        return
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < PROBE_BYTES:
        probe(folder)  # asks the disk itself: some keep a reserve that this process may use


def probe(folder: Path) -> None:
    """Write a file of the size of a part and delete it again; raises StoreError where that is not possible."""
    path = folder / f".probe{TEMPORARY}"
    write_bytes(path, bytes(PROBE_BYTES))
    path.unlink(missing_ok=True)
