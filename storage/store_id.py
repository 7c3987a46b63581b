"""The id of a store: a random name that it keeps, by which its messages are told from those of others."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

from storage.errors import StoreError, cannot_write
from storage.whole_objects import create_whole

FILE = "store-id"
_ID = re.compile(r"[0-9a-f]{32}")


def store_id(store: Path) -> str:
    """The id of a store; it is made where there is none. Of processes that make one at the same time, one wins.

    Raises:
        StoreError: it cannot be read or written, or is damaged.
    """
    found = written_once(store / FILE, lambda: uuid.uuid4().hex)
    if not _ID.fullmatch(found):
        raise StoreError(f"{store / FILE} is damaged", "Delete it; the orchestrator sends the messages again")
    return found


def written_once(path: Path, content: Callable[[], str]) -> str:
    """The line that a small file holds, of mode 0600 in a folder; it is written where the file is not there.

    Of processes that write it at the same time, one wins, and all read what that one wrote.

    Raises:
        StoreError: it cannot be read or written.
    """
    try:
        if not path.is_file():
            create_whole(path, f"{content()}\n".encode())
        return path.read_text(errors="replace").strip()
    except OSError as error:
        raise cannot_write(path, error) from error
