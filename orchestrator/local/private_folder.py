"""A folder of one process in the folder for temporary files: mode 0700, new, and locked while the process lives.

The lock tells the next process which folders are of dead ones, and keeps programs that clean /tmp away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

from storage.errors import NoLocks, StoreError

PREFIX = ".lineup-"
WORK, SOCKET, QUEUES = "work", "broker.sock", "appendonlydir"
"""What such a folder may hold. A folder of that prefix with anything else in it is someone else's, and stays."""


class PrivateFolder:
    """A new, empty folder. Folders of processes that ended without `delete` are deleted first.

    Raises:
        StoreError: the folder for temporary files cannot be used, or gives no locks.

    Attributes:
        path: absolute.
        descriptor: holds the lock; a program that replaces this process keeps the lock if it inherits this.
    """

    def __init__(self) -> None:
        sweep_private_folders()
        while True:
            self.path = _new_folder()
            try:
                self.descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue  # another process took it for the folder of a dead one, before it could be locked
            if _lock(self.descriptor) and self.path.exists():
                return
            os.close(self.descriptor)

    def delete(self) -> None:
        """Delete it with its content; may be called again."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _new_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=PREFIX)).absolute()
    except OSError as error:
        what = f"cannot make a folder for temporary files: {error.strerror or error}"
        raise StoreError(what, "Free space, or set TMPDIR to a folder that can be written") from error


def sweep_private_folders() -> None:
    """Delete the private folders of processes that were killed: the files of a broker name what was sent."""
    try:
        left = list(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))
    except OSError:
        return  # making the new one will fail, and say why
    for path in left:
        with contextlib.suppress(OSError):  # another process deletes it
            about = path.lstat()
            if stat.S_ISDIR(about.st_mode) and stat.S_IMODE(about.st_mode) == 0o700 and about.st_uid == os.geteuid():
                _delete_if_dead(path)


def _delete_if_dead(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if _lock(descriptor) and {each.name for each in path.iterdir()} <= {WORK, SOCKET, QUEUES}:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        what = f"cannot lock a folder in {tempfile.gettempdir()}: {error.strerror or error}"
        raise NoLocks(what, "Set TMPDIR to a folder on a local disk") from error
    return True
