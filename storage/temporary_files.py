"""Half-written files and folders under a temporary name: those of dead writers are deleted."""

from __future__ import annotations

from pathlib import Path

from storage.file_locks import BUILDING, TEMPORARY
from storage.liveness import liveness_of
from storage.object_path import ObjectPath


def sweep(folder: Path) -> int:
    """Delete the half-written files and folders of dead writers below `folder`; returns how many.

    Of objects there are none.
    """
    if isinstance(folder, ObjectPath) or not folder.is_dir():
        return 0
    liveness = liveness_of(folder)
    left = sorted(path for path in folder.rglob(".*") if path.name.endswith((TEMPORARY, BUILDING)))
    return sum(liveness.delete_if_dead(path) for path in left)


def is_abandoned(path: Path) -> bool:
    """Whether its writer has died; not where it has just finished."""
    try:
        return not liveness_of(path).is_held(path) and path.exists()
    except OSError:
        return False
