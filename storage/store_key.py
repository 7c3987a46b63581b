"""The key of a store: whoever works on the store signs messages with it, and obeys no others.

It lies in the store, readable by its owner only, because every orchestrator and worker has the store, and a client of
the broker does not.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from storage.errors import StoreError, cannot_write
from storage.store_id import written_once

KEY_FILE = "message-key"
_KEY = re.compile(r"[0-9a-f]{64}")


def store_key(store: Path) -> bytes:
    """The 32 bytes of a store's key; it is made where there is none. Of processes that make one at once, one wins.

    Raises:
        StoreError: it cannot be read or written, or is damaged.
    """
    return _parsed(store / KEY_FILE, written_once(store / KEY_FILE, lambda: secrets.token_hex(32)))


def store_key_if_there(store: Path) -> bytes | None:
    """The key of a store, or None where the store has none; raises StoreError where it cannot be read."""
    path = store / KEY_FILE
    try:
        return _parsed(path, path.read_text(errors="replace").strip())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_write(path, error) from error


def _parsed(path: Path, text: str) -> bytes:
    if not _KEY.fullmatch(text):
        raise StoreError(f"{path} is damaged", "Delete it and restart orchestrator and workers: they sign anew")
    return bytes.fromhex(text)
