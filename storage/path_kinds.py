"""What a path leads to, links followed. A path that cannot be looked at leads to nothing; nothing is opened."""

from __future__ import annotations

import os
from pathlib import Path

from storage.object_path import ObjectPath


def is_file(path: Path) -> bool:
    """Whether it is an object or a regular file: a pipe would be waited for. False where it may not be looked at."""
    return path.is_file() if isinstance(path, ObjectPath) else os.path.isfile(path)  # noqa: PTH113 - raises nothing


def leads_to_folder(path: Path) -> bool:
    """Whether it is a folder of this machine. False for a link to itself, and for one that may not be read."""
    return not isinstance(path, ObjectPath) and os.path.isdir(path)  # noqa: PTH112 - raises nothing


def is_there(path: Path) -> bool:
    """Whether an object, a file or a link has this name; False where it cannot be looked at."""
    return path.is_file() if isinstance(path, ObjectPath) else os.path.lexists(path)
