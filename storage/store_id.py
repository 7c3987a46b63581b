"""The id of a store: a random name that it keeps, by which its messages are told from those of others."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from pathlib import Path

from storage.errors import StoreError, cannot_write
from storage.folders import fsync, make_folder

FILE = "store-id"
_ID = re.compile(r"[0-9a-f]{32}")


def store_id(store: Path) -> str:
    """The id of a store; it is made where there is none. Of processes that make one at the same time, one wins.

    Raises:
        StoreError: it cannot be read or written, or is damaged.
    """
    path = store / FILE
    try:
        if not path.exists():
            _make(path)
        found = path.read_text(errors="replace").strip()
    except OSError as error:
        raise cannot_write(path, error) from error
    if not _ID.fullmatch(found):
        raise StoreError(f"{path} is damaged", "Delete it; the orchestrator sends the messages again")
    return found


def _make(path: Path) -> None:
    make_folder(path.parent)
    temporary = path.with_name(f".{FILE}.{uuid.uuid4().hex}")
    try:
        temporary.write_text(f"{uuid.uuid4().hex}\n")
        fsync(temporary)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)  # unlike a rename, it replaces nothing
    finally:
        temporary.unlink(missing_ok=True)
