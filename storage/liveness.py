"""Which way tells the living writers of a store from the dead ones: kernel locks, or leases.

The way is chosen when the store is made and recorded in <store>/liveness; all hosts use the recorded one. Below a
folder that is no store, locks are used.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from storage.errors import InputError, StoreError
from storage.file_locks import FileLocks, excludes
from storage.held_file import HeldFile
from storage.leases import Leases
from storage.object_leases import ObjectLeases
from storage.object_path import ObjectPath
from storage.store_id import FILE as STORE_ID
from storage.store_id import written_once

FILE = "liveness"
VARIABLE = "LINEUP_LIVENESS"
LOCKS, LEASES = "locks", "leases"

LEASE_SECONDS = 20.0
"""A process whose lease stands still for so long is dead. Its work is sent again 8 s later: under 60 s in all."""

LOCAL = frozenset(
    {
        *("apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "hfs", "jfs"),
        *("overlay", "ramfs", "reiserfs", "tmpfs", "ufs", "xfs", "zfs"),
    }
)
"""File systems of one machine, whose locks its kernel keeps."""

_WANTED = re.compile(r"(locks|leases)(?::(\d+(?:\.\d+)?))?")


class Liveness(Protocol):
    """How the files of living processes are known. A file that is held belongs to a process that lives."""

    way: str

    def owner(self) -> str:
        """What this process writes into the first line of its files; empty where nothing is needed. Raises OSError."""

    def hold(self, path: Path, content: bytes, flags: int = 0) -> HeldFile:
        """A new file with this content, held from the moment on in which it has its name.

        Args:
            flags: of `os.open`, besides those that create the file.

        Raises:
            FileExistsError: it is there, and leases are used. With locks it is replaced: the name should be unique.
            OSError: it cannot be written.
        """

    def acquire(self, folder: Path, stem: str, suffix: str, content: bytes) -> HeldFile | None:
        """A held file STEM.*SUFFIX, or None where a living process holds such a file: of two that ask, one gets it.

        Raises:
            OSError: it cannot be written or locked.
        """

    def is_held(self, path: Path) -> bool:
        """Whether a living process holds it; raises FileNotFoundError where it is gone."""

    def delete_if_dead(self, path: Path) -> bool:
        """Delete a temporary file or folder whose writer has died; returns whether that was so. Raises OSError."""

    def temporary_file(self, path: Path) -> AbstractContextManager[Path]:
        """A new, empty, held file beside `path`; deleted at the end where it still has its name. Raises OSError."""

    def temporary_folder(self, path: Path) -> AbstractContextManager[Path]:
        """A new, empty, held folder beside `path`; deleted at the end where it still has its name. Raises OSError."""

    def claim(self, path: Path, patient: bool) -> AbstractContextManager[bool]:
        """Whether this process is the only holder of a claim while the block lasts.

        Args:
            patient: wait some seconds until it is known whether another holder lives.

        Raises:
            OSError: it cannot be written or locked.
        """


@dataclass(frozen=True)
class Chosen:
    """What a store has recorded.

    Args:
        way: LOCKS or LEASES.
        seconds: after which a lease that stands still is dead.
        why: for people.
    """

    way: str
    seconds: float
    why: str


def liveness_of(path: Path) -> Liveness:
    """How the owners of files are known at this path.

    Raises:
        StoreError: the store's record is damaged.
    """
    if isinstance(path, ObjectPath):
        return _way_of(*_object_store_above(path))
    store = _store_above(path)
    return FileLocks() if store is None else _way_of(store, recorded_liveness(store))


def record_liveness(store: Path) -> Chosen:
    """Choose the way of a store that has none yet, and record it.

    Raises:
        InputError: LINEUP_LIVENESS is not usable, or asks for another way than the recorded one.
        StoreError: it cannot be read or written.
    """
    wanted = _wanted()
    written_once(store / FILE, lambda: json.dumps(asdict(_choose(store, wanted))))
    found = recorded_liveness(store)
    if wanted and (wanted[0] != found.way or wanted[1] not in (None, found.seconds)):
        raise InputError(
            f"{store} tells the living from the dead by {found.way}, and {VARIABLE} asks for {os.environ[VARIABLE]}",
            f"Unset it, or stop everybody who works on this store and delete {store / FILE}",
        )
    return found


def recorded_liveness(store: Path) -> Chosen:
    """What a store has recorded; locks where it has nothing.

    Raises:
        StoreError: the record cannot be read or is damaged.
    """
    try:
        told = json.loads((store / FILE).read_text())
        return Chosen({LOCKS: LOCKS, LEASES: LEASES}[told["way"]], float(told["seconds"]), str(told["why"]))
    except FileNotFoundError:
        return Chosen(LOCKS, LEASE_SECONDS, "nothing is recorded")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{store / FILE} is damaged", "Stop everybody who works on this store and delete it"
        ) from error


def file_system(path: Path) -> str:
    """The type of the file system that a folder is on, as Linux calls it; empty where that cannot be read."""
    try:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return ""
    device = path.stat().st_dev
    numbers = f"{os.major(device)}:{os.minor(device)}"
    kinds = [line.partition(" - ")[2].split()[0] for line in lines if line.split()[2] == numbers]
    return kinds[-1] if kinds else _kind_of_mount(lines, path.resolve())


def _kind_of_mount(lines: list[str], path: Path) -> str:
    """By the longest mount point: btrfs gives its files another device than its mount."""
    best, kind = -1, ""
    for line in lines:
        point = line.split()[4].replace("\\040", " ")
        if path.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), line.partition(" - ")[2].split()[0]
    return kind


def _choose(store: Path, wanted: tuple[str, float | None] | None) -> Chosen:
    if isinstance(store, ObjectPath):
        seconds = wanted[1] if wanted else None
        return Chosen(LEASES, seconds or LEASE_SECONDS, "an object store has no locks")
    if wanted:
        return Chosen(wanted[0], wanted[1] or LEASE_SECONDS, f"{VARIABLE} asks for it")
    kind = file_system(store)
    if kind and kind not in LOCAL:
        return Chosen(LEASES, LEASE_SECONDS, f"locks on {kind} may not reach other hosts")
    if not excludes(store):
        return Chosen(LEASES, LEASE_SECONDS, f"locks on {kind or 'this file system'} exclude nobody")
    return Chosen(LOCKS, LEASE_SECONDS, f"{kind or 'its file system'} is local")


def _wanted() -> tuple[str, float | None] | None:
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    found = _WANTED.fullmatch(text)
    if not found or (found[2] and not 0.5 <= float(found[2]) <= 600):
        raise InputError(f"{VARIABLE} is not usable: {text!r:.80}", "locks, leases, or leases:SECONDS from 0.5 to 600")
    return found[1], float(found[2]) if found[2] else None


def _store_above(path: Path) -> Path | None:
    return next((folder for folder in _with_parents(path.absolute()) if _is_store(folder)), None)


def _object_store_above(path: Path) -> tuple[Path, Chosen]:
    """Raises StoreError where nobody has opened the store, or its record is damaged."""
    store = next((store for store in list(_OBJECT_STORES) if path.is_relative_to(store)), None)
    if store is None:
        store = next((folder for folder in _with_parents(path) if (folder / FILE).is_file()), None)
        if store is None:
            raise StoreError(f"{path} is in no store", "`lineup run` makes one")
        _OBJECT_STORES[store] = recorded_liveness(store)
    return store, _OBJECT_STORES[store]


_OBJECT_STORES: dict[Path, Chosen] = {}
"""Found by this process, with what they have recorded: looking costs requests."""


def _with_parents(path: Path) -> Iterator[Path]:
    yield path
    yield from path.parents


def _is_store(folder: Path) -> bool:
    return (folder / FILE).is_file() and (folder / STORE_ID).is_file()


@functools.cache
def _way_of(store: Path, chosen: Chosen) -> Liveness:
    """One for a store and process: it remembers what it has seen of other processes."""
    if chosen.way == LOCKS:
        return FileLocks()
    kind = ObjectLeases if isinstance(store, ObjectPath) else Leases
    return kind(store / "leases", chosen.seconds)
