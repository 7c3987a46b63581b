"""Make a store's folder, or record a store's address: its id, and how the living are known in it."""

from __future__ import annotations

import os
from pathlib import Path

from storage.errors import StoreError
from storage.liveness import record_liveness
from storage.object_path import ObjectPath
from storage.store_id import store_id


def open_store(store: Path) -> Path:
    """Make the store's folder, readable by its owner only; raises StoreError where it cannot be used."""
    if isinstance(store, ObjectPath):
        store_id(store)
        record_liveness(store)
        return store
    try:
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"cannot use {store} as the store: {error.strerror}", "Set LINEUP_STORE to another folder"
        ) from error
    if not os.access(store, os.W_OK):
        raise StoreError(f"cannot write into the store {store}", "Fix its permissions or set LINEUP_STORE")
    store_id(store)  # which is its mark too: a store in a folder of photos is not taken for a person
    record_liveness(store)
    return store.resolve()
