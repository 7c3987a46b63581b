"""How many messages were refused, by reason: one small file for each host, and all processes of a host add to it.

<store>/refused/<host>.json              {"unsigned": 3, "by its task": 1}
<store>/refused/<host>.<lease>.json      of one process, where leases are used and no lock is
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.folders import make_folder
from storage.liveness import liveness_of
from storage.object_path import ObjectPath
from storage.own_lease import PREFIX
from storage.whole_objects import update_whole
from storage.write_whole import write_bytes

FOLDER = "refused"

BY_ITS_TASK = "by its task"
"""The reason of a signed message that asks for what is not in the run, or not there yet; any other is a foreign one."""

_MOST_BYTES = 4096


def count_refused(store: Path, reason: str) -> int:
    """Count one refused message, and say how many of that reason this host has refused.

    Raises:
        OSError, StoreError: the store cannot be written.
    """
    folder = store / FOLDER
    name = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()) or "host"
    if isinstance(folder, ObjectPath):
        return _count_in_object(folder / f"{name}.json", reason)
    make_folder(folder)
    owner = liveness_of(store).owner()
    if owner:
        return _count_alone(folder / f"{name}.{owner}.json", reason)
    descriptor = os.open(folder / f"{name}.json", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    with _locked(descriptor, fcntl.LOCK_EX):
        counts = _parsed(os.pread(descriptor, _MOST_BYTES, 0))
        counts[reason] += 1
        data = json.dumps(counts, sort_keys=True).encode()
        os.pwrite(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))
    return counts[reason]


def refused_messages(store: Path) -> dict[str, int]:
    """How many messages were refused by all hosts, by reason."""
    total: Counter[str] = Counter()
    for path in sorted((store / FOLDER).glob("*.json")):
        with contextlib.suppress(OSError):
            total.update(_parsed(_content(path)))
    return dict(total)


def _count_in_object(path: ObjectPath, reason: str) -> int:
    counted = 0

    def added(before: bytes) -> bytes:
        nonlocal counted
        counts = _parsed(before)
        counts[reason] += 1
        counted = counts[reason]
        # the writer makes it unique: one whose write was refused would take the equal count of another for its own
        return json.dumps({**counts, "writer": uuid.uuid4().hex}, sort_keys=True).encode()

    update_whole(path, added)
    return counted


def _count_alone(path: Path, reason: str) -> int:
    """Count in a file that no other process writes."""
    counts = _parsed(path.read_bytes()) if path.exists() else Counter()
    counts[reason] += 1
    write_bytes(path, json.dumps(counts, sort_keys=True).encode())
    return counts[reason]


def _content(path: Path) -> bytes:
    if isinstance(path, ObjectPath) or PREFIX in path.name:
        return path.read_bytes()
    with _locked(os.open(path, os.O_RDONLY), fcntl.LOCK_SH) as descriptor:
        return os.pread(descriptor, _MOST_BYTES, 0)


@contextlib.contextmanager
def _locked(descriptor: int, kind: int) -> Iterator[int]:
    """Lock a file, and close it at the end."""
    try:
        fcntl.flock(descriptor, kind)
        yield descriptor
    finally:
        os.close(descriptor)


def _parsed(data: bytes) -> Counter[str]:
    """The counts in a file; none where it is empty or damaged: they are for people, and nothing depends on them."""
    found: Any = None
    with contextlib.suppress(ValueError):
        found = json.loads(data)
    if not isinstance(found, dict):
        return Counter()
    return Counter({name: count for name, count in found.items() if isinstance(count, int)})
