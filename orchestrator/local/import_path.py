"""The import path without the current folder: for this process, and for the processes that it starts.

The current folder may be a folder of photos from anyone, with a sub-folder that is called like a Python module.
After `forget_current_folder` no import looks there, except where the user's PYTHONPATH names it by its absolute path.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])
"""Where Lineup itself is imported from; the same as the current folder when a developer works in the project."""

_FOLDERS = ("LINEUP_CACHE", "XDG_CACHE_HOME")
"""Variables that name a folder, and are read by processes that run in another one."""


def safe_environment() -> dict[str, str]:
    """Environment of a process that imports nothing from its working folder.

    PYTHONPATH keeps its absolute entries: Python reads an empty or relative one as the current folder. Relative names
    of folders become absolute, because a child has another working folder.
    """
    folders = {name: str(Path(os.environ[name]).absolute()) for name in _FOLDERS if os.environ.get(name)}
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(_named(absolute=True)), **folders}


def forget_current_folder() -> None:
    """Take the current folder out of this process's import path, and out of its children's."""
    try:
        here = os.path.realpath(os.curdir)
    except FileNotFoundError:  # it has been deleted, and nothing can be imported from it
        here = ""
    relative = {os.path.realpath(entry) for entry in _named(absolute=False)} - {*_named(absolute=True), ROOT}
    # the first entry is the interpreter's own: the script's folder, or the current one with -c and -m
    kept = [
        entry
        for number, entry in enumerate(sys.path)
        if Path(entry).is_absolute() and entry not in relative and not (number == 0 and os.path.realpath(entry) == here)
    ]
    if ROOT in sys.path and ROOT not in kept:
        kept.append(ROOT)
    sys.path[:] = kept
    os.environ.update(safe_environment())


def _named(absolute: bool) -> list[str]:
    """The absolute entries of PYTHONPATH, or the others."""
    path = os.environ.get("PYTHONPATH", "")
    return [entry for entry in path.split(os.pathsep) if Path(entry).is_absolute() is absolute] if path else []
