"""Where the processes that `run` and `up` start write their logs."""

from __future__ import annotations

from pathlib import Path

from storage.object_path import ObjectPath
from storage.store_id import store_id
from workers.faces.models.model_cache import cache_folder

LOGS = "logs"


def log_folder(store: Path) -> Path:
    """In the store's folder; of an object store, in this machine's cache, since a log grows line by line."""
    return cache_folder() / LOGS / store_id(store) if isinstance(store, ObjectPath) else store / LOGS
