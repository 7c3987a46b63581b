"""Leases tell the living from the dead where no lock reaches all hosts.

<store>/leases/lease-<id>     of one process: a count, written every few seconds while the process lives

A file of a process has the name of its lease in its own name, or in its first bytes. It is held while the lease is
alive (storage/lease_watch.py). Only one process gets a name that two want: creating a file is exclusive everywhere.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from storage.file_locks import BUILDING, TEMPORARY
from storage.folders import make_folder
from storage.held_file import HeldFile, write_whole
from storage.lease_watch import LeaseWatch
from storage.object_path import ObjectPath
from storage.own_lease import PREFIX, WRITINGS, OwnLease
from storage.whole_objects import list_whole

_NAME = re.compile(rb"%s[0-9a-f]{32}" % PREFIX.encode())
_FIRST_BYTES = 1_500
_NUMBER = re.compile(r"\.(\d{6})\.[^.]*$")


class Leases:
    """See `storage.liveness.Liveness`.

    Args:
        folder: of the store's leases.
        seconds: after which a lease that stands still is dead.
    """

    way = "leases"

    def __init__(self, folder: Path, seconds: float) -> None:
        self._own = OwnLease(folder, seconds)
        self._watch = LeaseWatch(folder, seconds)
        self._pause = seconds / WRITINGS / 2

    def owner(self) -> str:
        return self._own.name()

    def hold(self, path: Path, content: bytes, flags: int = 0) -> HeldFile:
        unnamed = self._beside(path, TEMPORARY)
        descriptor = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_WRONLY | flags, 0o600)
        try:
            write_whole(descriptor, content)
            _link(unnamed, path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        finally:
            unnamed.unlink(missing_ok=True)
        return _LeasedFile(path, descriptor)

    def acquire(self, folder: Path, stem: str, suffix: str, content: bytes) -> HeldFile | None:
        """Files are numbered, and the next number is created: of two processes, one gets it and the other sees it."""
        make_folder(folder)
        there = _numbered(folder, stem, suffix)
        if any(self._lives(path) for path in there):
            return None
        for number in itertools.count(1 + max(map(_number, there), default=0)):
            path = folder / f"{stem}.{number:06d}{suffix}"
            try:
                return self.hold(path, content, os.O_APPEND)
            except FileExistsError:
                if self._lives(path):
                    return None
        raise AssertionError("numbers do not end")

    def _lives(self, path: Path) -> bool:
        with contextlib.suppress(FileNotFoundError):  # that process has just ended well
            return self.is_held(path)
        return False

    def is_held(self, path: Path) -> bool:
        return self._is_alive(_owner_of(path))

    def _is_alive(self, owner: str) -> bool:
        return owner != "" and (owner == self._own.current or self._watch.is_alive(owner))

    def delete_if_dead(self, path: Path) -> bool:
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if self.is_held(path):
                return False
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
            return True
        return False

    @contextlib.contextmanager
    def temporary_file(self, path: Path) -> Iterator[Path]:
        make_folder(path.parent)
        temporary = self._beside(path, TEMPORARY)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def temporary_folder(self, path: Path) -> Iterator[Path]:
        folder = self._beside(path, BUILDING)
        try:
            make_folder(folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def claim(self, path: Path, patient: bool) -> Iterator[bool]:
        """Where two made theirs at the same moment, the lower number wins."""
        if patient:
            self._settle(path)
        mine = f"{self.owner()} {uuid.uuid4().hex}\n".encode()
        held = self.acquire(path.parent, path.stem, path.suffix, mine)
        if held is None:
            yield False
            return
        try:
            yield not self._lower_claims(path, held.path)
        finally:
            held.release()

    def _settle(self, path: Path) -> None:
        """Wait until it is known of every holder whether it lives."""
        pause = threading.Event()
        for claim in _numbered(path.parent, path.stem, path.suffix):
            with contextlib.suppress(FileNotFoundError):
                owner = _owner_of(claim)
                while owner not in ("", self._own.current) and not self._watch.is_settled(owner):
                    pause.wait(self._pause)

    def _lower_claims(self, path: Path, mine: Path) -> bool:
        claims = _numbered(path.parent, path.stem, path.suffix)
        lower = [other for other in claims if _number(other) < _number(mine)]
        living = [other for other in lower if self._lives(other)]
        for dead in {*lower} - {*living}:
            dead.unlink(missing_ok=True)
        return bool(living)

    def _beside(self, path: Path, suffix: str) -> Path:
        return path.with_name(f".{path.name}.{self.owner()}-{uuid.uuid4().hex[:12]}{suffix}")


class _LeasedFile(HeldFile):
    def release(self, keep: bool = False) -> None:
        """What stays must be held by nobody, though this process lives on."""
        try:
            if keep:
                _disown(self.path)
        finally:
            super().release(keep)


def _disown(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.pwrite(descriptor, disowned(os.pread(descriptor, _FIRST_BYTES, 0)), 0)
    finally:
        os.close(descriptor)


def disowned(content: bytes) -> bytes:
    """The same content, as long, that names no lease of a process."""
    return _NAME.sub(lambda found: PREFIX.encode().ljust(len(found[0]), b"0"), content, count=1)


def owner_in(content: bytes) -> str:
    """The lease that a name or the first bytes of a file name; empty where they name none."""
    found = _NAME.search(content[:_FIRST_BYTES])
    return found[0].decode() if found else ""


def _owner_of(path: Path) -> str:
    """The lease that a file belongs to; empty where it names none. Raises FileNotFoundError."""
    named = owner_in(os.fsencode(path.name))
    if named or (not isinstance(path, ObjectPath) and path.is_dir()):
        return named
    with path.open("rb") as file:
        return owner_in(file.read(_FIRST_BYTES))


def _numbered(folder: Path, stem: str, suffix: str) -> list[Path]:
    """The files STEM.*SUFFIX of a folder, by name; one request to an object store."""
    names = [each.path for each in list_whole(folder)]
    return [path for path in names if path.name.startswith(f"{stem}.") and path.name.endswith(suffix)]


def _number(path: Path) -> int:
    found = _NUMBER.search(path.name)
    return int(found[1]) if found else 0


def _link(unnamed: Path, path: Path, descriptor: int) -> None:
    """Name a file; raises FileExistsError where the name is taken.

    A network file system may repeat a request whose answer was lost, and then says that the name is taken by us.
    """
    try:
        os.link(unnamed, path)
    except FileExistsError:
        if os.fstat(descriptor).st_nlink < 2:
            raise
