"""Make folders: readable by their owner only, and whole or not there at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from storage.errors import cannot_write
from storage.local_copies import put_folder
from storage.object_path import ObjectPath

BUILDING = ".building"

FileVersion = tuple[int, int]
"""Tells a file from another that has taken its place (a run deleted and planned again under its name)."""


def make_folder(path: Path) -> None:
    """Make a folder and its parents where they are missing, readable by their owner only; raises OSError.

    In an object store there is nothing to make.
    """
    if not isinstance(path, ObjectPath) and not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write files into. When the block ends well it becomes `path`; otherwise it is deleted.

    If `path` exists by then, it stays and the new folder is deleted: two processes that build the same folder build
    the same content. The leftovers of dead builders are deleted. In an object store
    its files are written one by one; `is_complete` (storage/local_copies.py) tells whether all are there.

    Raises:
        StoreError: the disk is full, or the parent cannot be written.
    """
    with scratch_folder(path) as building:
        yield building
        if isinstance(path, ObjectPath):
            put_folder(building, path)
            return
        for file in building.iterdir():
            fsync(file)
        fsync(building)
        if not path.exists():
            building.rename(path)
            fsync(path.parent)


@contextlib.contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """A folder for intermediate files while `beside` is made; it is deleted when the block ends.

    It is always one of this machine. The leftovers of dead processes are deleted.

    Raises:
        StoreError: the disk is full, or the parent cannot be written.
    """
    if isinstance(beside, ObjectPath):
        with tempfile.TemporaryDirectory(prefix="lineup-") as name:
            yield Path(name)
        return
    scratch = beside.with_name(f".{beside.name}.{uuid.uuid4().hex[:12]}{BUILDING}")
    try:
        make_folder(scratch)
        with _held(scratch):
            _sweep(beside)
            yield scratch
    except OSError as error:
        raise cannot_write(beside, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock a folder: the kernel frees it however this process ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    for left in path.parent.glob(f".{path.name}.*{BUILDING}"):
        # gone: its builder has ended; locked: its builder lives
        with contextlib.suppress(FileNotFoundError, BlockingIOError), _held(left):
            shutil.rmtree(left)


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
