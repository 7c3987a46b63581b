"""Files under a temporary name, locked while their writer lives.

The kernel frees the lock however the writer ends, so `sweep` tells the files of dead writers without a clock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from storage.object_path import ObjectPath

TEMPORARY = ".writing"


def locked_new_file(path: Path, mode: int = 0o666, flags: int = 0) -> int:
    """A descriptor of a new, empty, locked file, open for writing; raises OSError.

    Args:
        flags: of `os.open`, besides those that create the file.
    """
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | flags, mode)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # `sweep` deleted it in the moment before it was locked


def named_when_locked(path: Path, flags: int = 0) -> int:
    """A descriptor of a new file that gets its name only when it is locked; raises OSError.

    With a name and unlocked, it would count as the file of a dead process.

    Args:
        flags: of `os.open`, besides those that create the file.
    """
    unnamed = path.with_name(f".{path.name}{TEMPORARY}")
    descriptor = locked_new_file(unnamed, 0o600, flags)
    try:
        unnamed.rename(path)
    except BaseException:
        unnamed.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    return descriptor


def is_held(descriptor: int) -> bool:
    """Whether another descriptor holds the lock on this file."""
    try:
        # shared, so that two who look at once do not take each other for the writer
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def sweep(folder: Path) -> int:
    """Delete the half-written files of dead writers below `folder`; returns how many. Of objects there are none."""
    if isinstance(folder, ObjectPath):
        return 0
    count = 0
    for path in folder.rglob(f".*{TEMPORARY}") if folder.is_dir() else ():
        # gone: its writer has ended well; locked: its writer lives; not permitted: another user's
        with (
            contextlib.suppress(FileNotFoundError, BlockingIOError, PermissionError),
            path.open("r+b") as file,  # NFS gives an exclusive lock to a writable file only
        ):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            count += 1
    return count
