"""Notes of workers about photos that they could not read, for the orchestrator, which decides what that means."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.runs import Run
from storage.whole_objects import delete_folder
from storage.write_whole import write_bytes

SUFFIX = ".json"


@dataclass(frozen=True)
class Note:
    """What one process could not read.

    Args:
        host, pid: of the process.
        photos: photo_key to the cause.
    """

    path: Path
    host: str
    pid: int
    photos: Mapping[str, str]


def write_note(run: Run, photos: Mapping[str, str]) -> None:
    """Note that this process could not read these photos, though it can read others: photo_key to the cause.

    Raises:
        StoreError: the store cannot be written.
    """
    told = {"host": socket.gethostname(), "pid": os.getpid(), "photos": dict(photos)}
    write_bytes(run.handed_back / f"{uuid.uuid4().hex}{SUFFIX}", json.dumps(told).encode())


def read_notes(run: Run) -> list[Note]:
    """All notes of a run; a damaged one is deleted, since its photos are then sent again."""
    notes = []
    for path in sorted(run.handed_back.glob(f"*{SUFFIX}")):
        try:
            told = json.loads(path.read_bytes())
            notes.append(Note(path, str(told["host"]), int(told["pid"]), dict(told["photos"])))
        except (OSError, ValueError, TypeError, KeyError):
            path.unlink(missing_ok=True)
    return notes


def forget_notes(run: Run) -> None:
    """Delete all notes of a run: late copies of messages may have left some."""
    delete_folder(run.handed_back)
