"""What a path leads to, links followed. A path that cannot be looked at leads to nothing; nothing is opened."""

from __future__ import annotations

import os
from pathlib import Path


def is_file(path: Path) -> bool:
    """Whether it is a regular file: a pipe would be waited for. False where the name is too long or not permitted."""
    return os.path.isfile(path)  # noqa: PTH113 - raises nothing


def leads_to_folder(path: Path) -> bool:
    """Whether it is a folder. False for a link to itself, and for one into a folder that may not be read."""
    return os.path.isdir(path)  # noqa: PTH112 - raises nothing
