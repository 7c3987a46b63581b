"""The file of a ledger: a line of JSON for each file written outside the store. Several processes add lines."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.folders import make_folder
from storage.held_file import write_whole
from storage.liveness import LOCKS, liveness_of
from storage.object_path import ObjectPath
from storage.whole_objects import update_whole

EVERY = "earlier"
"""Of a line, the hashes of the file's earlier contents."""


def parsed_rows(content: bytes) -> dict[str, dict[str, Any]]:
    """The newest line by name, with the hashes of all its lines."""
    known: dict[str, dict[str, Any]] = {}
    for line in content.decode(errors="replace").splitlines():
        try:
            row = json.loads(line)
            name, newest = str(row["path"]), str(row["sha256"])
            earlier = known.get(name, {}).get(EVERY, set()) | set(map(str, row.get(EVERY, ())))
            known[name] = {**row, "sha256": newest, EVERY: earlier | {newest}}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return known


def append_line(file: Path, line: bytes) -> None:
    """Add a line to a ledger, made if missing; raises OSError or StoreError."""
    if isinstance(file, ObjectPath):
        update_whole(file, lambda before: before + line)
        return
    make_folder(file.parent)
    with open_ledger(file) as descriptor:
        write_whole(descriptor, line)


@contextlib.contextmanager
def open_ledger(file: Path) -> Iterator[int]:
    """The ledger, made if missing, opened for lines at its end; raises OSError.

    It is locked against other writers, except in a store that uses leases, where locks may not work. There, a line
    that is written at once stays whole, and one that is written while `OutputLedger.drop` runs may be lost.
    """
    locks = liveness_of(file).way == LOCKS
    descriptor = _open(file, locks)
    while not _is_at(descriptor, file):  # `drop` has put another in its place meanwhile
        os.close(descriptor)
        descriptor = _open(file, locks)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(file: Path, locks: bool) -> int:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if locks:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _is_at(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False
