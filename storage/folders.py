"""Make folders, readable by their owner only; versions of files; fsync."""

from __future__ import annotations

import os
from pathlib import Path

from storage.object_path import ObjectPath

FileVersion = tuple[int, int]
"""Tells a file from another that has taken its place (a run deleted and planned again under its name)."""


def make_folder(path: Path) -> None:
    """Make a folder and its parents where they are missing, readable by their owner only; raises OSError.

    In an object store there is nothing to make.
    """
    if not isinstance(path, ObjectPath) and not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def file_version(path: Path) -> FileVersion:
    """The version of a file: another one after each change; (0, 0) where it is not there."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return 0, 0
    return about.st_ino, about.st_mtime_ns


def fsync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
