"""Which worker processes are alive, and what is wrong with those that cannot work.

Each worker has a small file in <store>/workers, written in place, since that needs no room on a full disk:

    block 1   who it is, and a count that grows every few seconds while it can write into the store
    block 2   its fault, written by the worker or one of its processes; empty where there is none
              (in an object store, an object beside it: <worker>.fault)

The worker holds the file while it lives (storage/liveness.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.errors import WorkerUnfit
from storage.folders import make_folder
from storage.liveness import liveness_of
from storage.object_path import ObjectPath
from storage.temporary_files import sweep
from storage.whole_objects import list_whole, put_whole, read_many

SUFFIX = ".worker"

BLOCK = 1_500
"""Bytes of a block; both lie in one page of memory, so a reader does not see half of one."""

MOST_WORDS = 400
"""Characters of a cause or a hint."""

MOST_ENVIRONMENT = 800
"""Bytes of an environment as JSON; 430 are usual. A longer one is not told: a block has to hold it beside names."""

KINDS = {
    "photos": "it cannot read the catalogued photos",
    "engine": "the face engine does not load: a model, its cache, a library",
    "version": "its code is of another version than the run's",
    "store": "the object store does not answer it, though perhaps it answers others",
    "disk": "the store is full for it, though perhaps not for others",
    "broker": "the broker refuses what a worker needs",
    "device": "it is told to use CUDA and has no such device",
    "memory": "no shared memory for its processes",
}


@dataclass(frozen=True)
class WorkerFault:
    """What is wrong with a worker.

    Args:
        kind: a word of KINDS.
        cause, hint: a sentence each, for the operator.
        since: UTC, ISO 8601. For people only: nobody compares it with a clock.
        run_id: the run whose photos it cannot read.
    """

    kind: str
    cause: str
    hint: str
    since: str
    run_id: str = ""


@dataclass(frozen=True)
class WorkerState:
    """A living worker.

    Args:
        name: as Celery and Flower call it.
        queues: that it works on.
        processes: that work for it at the same time.
        beat: grows every few seconds while it can write into the store.
        environment: versions and processor, which decide the last bits of its results; empty where it tells none.
    """

    host: str
    pid: int
    name: str
    queues: tuple[str, ...]
    processes: int
    beat: int = 0
    environment: str = ""
    fault: WorkerFault | None = None


class WorkerFile:
    """The file of this worker; raises OSError where the store cannot be written."""

    def __init__(self, path: Path, name: str, queues: tuple[str, ...], processes: int, environment: str = "") -> None:
        self.path = path
        self._beats = 0
        told = environment if len(json.dumps(environment)) <= MOST_ENVIRONMENT else ""
        make_folder(path.parent)
        liveness = liveness_of(path)
        self._about = {
            **({"owner": liveness.owner()} if liveness.owner() else {}),
            **{"host": socket.gethostname(), "pid": os.getpid(), "name": name},
            **{"queues": list(queues), "processes": processes, "environment": told},
        }
        sweep(path.parent)
        self._held = liveness.hold(path, _block(self._about))
        self.beat()
        write_fault(path, None)

    def beat(self) -> None:
        """Show that this worker can write into the store; raises OSError where it cannot."""
        self._beats += 1
        block = _block({**self._about, "beat": self._beats})
        if isinstance(self.path, ObjectPath):
            put_whole(self.path, block)
        else:
            os.pwrite(self._held.descriptor, block, 0)

    def close(self) -> None:
        """Delete it."""
        with contextlib.suppress(OSError):
            self._held.release()
            _forget_fault(self.path)


def fault_of(unfit: WorkerUnfit) -> WorkerFault:
    """The fault that begins now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return WorkerFault(unfit.kind, unfit.what[:MOST_WORDS], unfit.hint[:MOST_WORDS], now, unfit.run_id)


def write_fault(path: Path, fault: WorkerFault | None) -> None:
    """Write the fault of the worker whose file this is, None where it is over; raises OSError."""
    block = _block(asdict(fault) if fault else {})
    if isinstance(path, ObjectPath):
        put_whole(_fault_of_object(path), block)
        return
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, block, BLOCK)
    finally:
        os.close(descriptor)


def read_fault(path: Path) -> WorkerFault | None:
    """The fault of the worker whose file this is; raises OSError."""
    if isinstance(path, ObjectPath):  # asked twice a second
        return _fault(b" " * BLOCK + _fault_of_object(path).read_bytes())
    return _fault(_blocks(path))


def live_workers(store: Path) -> list[WorkerState]:
    """The workers of a store that are alive, by name; the files of dead ones are deleted."""
    liveness = liveness_of(store)

    def read(path: Path) -> WorkerState | None:
        # a file may vanish under us: its worker has ended
        with contextlib.suppress(OSError):
            if liveness.is_held(path):
                return _state(_blocks(path))
            path.unlink(missing_ok=True)
            _forget_fault(path)
        return None

    files = [each.path for each in list_whole(store / "workers") if each.path.name.endswith(SUFFIX)]
    found = filter(None, read_many(files, read))
    return sorted(found, key=lambda state: (state.name, state.host, state.pid))


def _blocks(path: Path) -> bytes:
    if isinstance(path, ObjectPath):
        return path.read_bytes().ljust(BLOCK) + _fault_of_object(path).read_bytes()
    with path.open("rb") as file:
        return file.read(2 * BLOCK)


def _fault_of_object(path: Path) -> Path:
    return path.with_suffix(".fault")


def _forget_fault(path: Path) -> None:
    if isinstance(path, ObjectPath):
        _fault_of_object(path).unlink(missing_ok=True)


def _block(value: dict[str, Any]) -> bytes:
    """The longest texts are cut until it fits: escapes make some much longer. Others are compared, and stay whole."""
    texts = [name for name, each in value.items() if isinstance(each, str) and name not in ("owner", "environment")]
    while len(data := json.dumps(value).encode()) > BLOCK:
        longest = max(texts, key=lambda name: len(json.dumps(value[name])), default="")
        if not value.get(longest):
            raise ValueError(f"a block of {len(data)} bytes has no text that can be cut")
        value = {**value, longest: value[longest][: len(value[longest]) // 2]}
    return data.ljust(BLOCK)


def _state(data: bytes) -> WorkerState | None:
    """None where the worker has just begun to write it."""
    try:
        told = json.loads(data[:BLOCK])
        told.pop("owner", None)
        return WorkerState(**{**told, "queues": tuple(told["queues"])}, fault=_fault(data))
    except (ValueError, TypeError, KeyError):
        return None


def _fault(data: bytes) -> WorkerFault | None:
    try:
        told = json.loads(data[BLOCK:])
        return WorkerFault(**told) if told else None
    except (ValueError, TypeError):
        return None
