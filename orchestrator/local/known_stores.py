"""Whether the store in the current folder is the user's own: a folder of photos may have come with one.

Such a store could name faces with a stranger's model, or lead what is written to another place. One that the settings
name is trusted; `./lineup-store`, which is used where they name none, must be one that this user made or named before.
The ids of those are files in the user's cache.
"""

from __future__ import annotations

import os
from pathlib import Path

from storage.errors import InputError, StoreError
from storage.folders import make_folder
from storage.open_store import open_store
from storage.store_id import FILE, store_id
from workers.faces.models.model_cache import cache_folder
from workers.queue.environment import Settings


def usable_store(settings: Settings, make: bool = True) -> tuple[Path, bool]:
    """The folder of the store, and whether the next command will know it as the user's own.

    Args:
        make: create it where it is missing; what only reads leaves no folder behind.

    Raises:
        StoreError: it cannot be used.
        InputError: no setting names it, and the one in the current folder is not known to be the user's.
    """
    folder = settings.store
    default = Settings.model_fields["store"].default
    if "store" not in settings.model_fields_set:
        check_default_store(folder)
    opened = open_store(folder) if make or folder.exists() else folder.resolve()
    return opened, opened != default.resolve() or not opened.is_dir() or remember_store(opened)


def check_default_store(folder: Path) -> None:
    """Raise InputError where the store in the current folder is there, and not one that this user made or named."""
    if os.path.lexists(folder) and not _is_empty(folder) and not _is_known(folder):
        raise InputError(
            f"./{folder} is there already, and not known to be yours: it may have come with the photos",
            f"If it is yours, name it once: LINEUP_STORE={folder} lineup runs. If not, delete it or name another",
        )


def remember_store(store: Path) -> bool:
    """Note that the user made or named this store; False where the cache cannot be written."""
    try:
        note = _notes() / store_id(store)
        if not note.exists():
            make_folder(note.parent)
            note.touch(mode=0o600)
    except (OSError, RuntimeError, StoreError):  # RuntimeError: a user without a home
        return False
    return True


def _is_known(folder: Path) -> bool:
    try:
        if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.geteuid():
            return False
        return (folder / FILE).is_file() and (_notes() / store_id(folder)).is_file()
    except (OSError, RuntimeError, StoreError):
        return False


def _is_empty(folder: Path) -> bool:
    try:
        return not folder.is_symlink() and not any(folder.iterdir()) and folder.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _notes() -> Path:
    return cache_folder() / "stores"
