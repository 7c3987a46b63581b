"""The kernel's locks (flock) tell the living from the dead: it frees them however a process ends.

Every lock is exclusive on a file that is open for writing, or shared on one that is open for reading: NFS refuses
others, and keeps a folder's lock from other hosts.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from storage.folders import make_folder
from storage.held_file import HeldFile, write_whole

TEMPORARY = ".writing"
BUILDING = ".building"

GATE = ".gate"
"""Ends the name of a file beside a folder, locked while a process looks whether another holds something in it."""


class FileLocks:
    """See `storage.liveness.Liveness`."""

    way = "locks"

    def owner(self) -> str:
        return ""

    def hold(self, path: Path, content: bytes, flags: int = 0) -> HeldFile:
        """With a name and unlocked it would count as the file of a dead process, so it is named when it is locked."""
        unnamed = path.with_name(f".{path.name}{TEMPORARY}")
        descriptor = locked_new_file(unnamed, 0o600, flags)
        try:
            write_whole(descriptor, content)
            unnamed.rename(path)
        except BaseException:
            unnamed.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return HeldFile(path, descriptor)

    def acquire(self, folder: Path, stem: str, suffix: str, content: bytes) -> HeldFile | None:
        make_folder(folder)
        with _gate(folder):
            if any(self._lives(path) for path in folder.glob(f"{stem}.*{suffix}")):
                return None
            return self.hold(folder / f"{stem}.{uuid.uuid4().hex[:12]}{suffix}", content, os.O_APPEND)

    def _lives(self, path: Path) -> bool:
        with contextlib.suppress(FileNotFoundError):  # that process has just ended well
            return self.is_held(path)
        return False

    def is_held(self, path: Path) -> bool:
        if path.name.endswith(BUILDING):
            path = _lock_of(path)
            if not path.exists():
                return False
        with path.open("rb") as file:
            # shared, so that two who look at once do not take each other for the writer
            return not _try_lock(file.fileno(), fcntl.LOCK_SH)

    def delete_if_dead(self, path: Path) -> bool:
        """Under the lock: its writer may be about to lock it, and then finds that it is gone."""
        is_folder = path.name.endswith(BUILDING)
        try:
            # gone: its writer has ended well; not permitted: another user's
            with contextlib.suppress(PermissionError), (_lock_of(path) if is_folder else path).open("r+b") as file:
                if not _try_lock(file.fileno(), fcntl.LOCK_EX):
                    return False
                _delete(path)
                return True
        except FileNotFoundError:
            if is_folder and path.is_dir():
                _delete(path)
                return True
        return False

    @contextlib.contextmanager
    def temporary_file(self, path: Path) -> Iterator[Path]:
        temporary = _beside(path, TEMPORARY)
        make_folder(path.parent)
        descriptor = locked_new_file(temporary)
        try:
            yield temporary
        finally:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def temporary_folder(self, path: Path) -> Iterator[Path]:
        folder = _beside(path, BUILDING)
        make_folder(path.parent)
        held = locked_new_file(_lock_of(folder))
        try:
            make_folder(folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                _lock_of(folder).unlink(missing_ok=True)
            os.close(held)

    @contextlib.contextmanager
    def claim(self, path: Path, patient: bool) -> Iterator[bool]:  # noqa: ARG002 - the kernel knows at once
        with path.open("w") as file:
            yield _try_lock(file.fileno(), fcntl.LOCK_EX, strict=True)


def locked_new_file(path: Path, mode: int = 0o666, flags: int = 0) -> int:
    """A descriptor of a new, empty, locked file, open for writing; raises OSError.

    Args:
        flags: of `os.open`, besides those that create the file.
    """
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | flags, mode)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # a sweep deleted it in the moment before it was locked


def _delete(path: Path) -> None:
    if path.name.endswith(BUILDING):
        shutil.rmtree(path, ignore_errors=True)
        path = _lock_of(path)
    path.unlink(missing_ok=True)


def excludes(folder: Path) -> bool:
    """Whether a lock that one descriptor holds in this folder is refused to another; raises OSError."""
    path = _beside(folder / "locks", TEMPORARY)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return FileLocks().is_held(path)
    except OSError:  # no locks at all
        return False
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}{suffix}")


def _lock_of(folder: Path) -> Path:
    """The file whose lock stands for a folder's: that of a folder is local to a host on NFS."""
    return folder.with_name(f"{folder.name}{TEMPORARY}")


@contextlib.contextmanager
def _gate(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder.with_name(f".{folder.name}{GATE}"), os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, kind: int, strict: bool = False) -> bool:
    """Whether the lock was free; where the file system gives none, it counts as held, or raises OSError if strict."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        if strict:
            raise
        return False
    return True
