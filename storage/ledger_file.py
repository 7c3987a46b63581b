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
    with locked_ledger(file) as descriptor, os.fdopen(descriptor, "ab", closefd=False) as opened:
        opened.write(line)


@contextlib.contextmanager
def locked_ledger(file: Path) -> Iterator[int]:
    """The ledger, made if missing, opened for lines at its end and locked against other writers; raises OSError."""
    descriptor = _open_locked(file)
    while not _is_at(descriptor, file):  # `drop` has put another in its place meanwhile
        os.close(descriptor)
        descriptor = _open_locked(file)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_locked(file: Path) -> int:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
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
