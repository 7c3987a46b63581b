"""Attempts: which process began what, so that a death counts against the photo that caused it.

An attempt is a small text file, locked by the process that writes it. Each item is named in it *before* it is
begun; a finished attempt deletes its file. A file whose lock is free belongs to a process that died: the items in
it are suspects. The kernel drops the lock however the process dies, so no clock and no heartbeat is involved.

    worker-3 4711
    5e1f...  (64 hex digits: a photo was begun)
    Timeout (0:00:30)!  ... or any other last words: faulthandler writes them here
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import fcntl
import os
import re
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StoreError, WorkerUnfit, cannot_lock, cannot_write
from storage.folders import make_folder
from storage.temporary_files import is_held, named_when_locked

SUFFIX = ".attempt"
_ITEM = re.compile(r"^[0-9a-f]{32,64}$")
_LAST_WORDS = 400


@dataclass(frozen=True)
class Death:
    """An attempt that did not end: the items it had begun and what it could still say.

    Args:
        process: host and process id.
    """

    part: str
    items: tuple[str, ...]
    last_words: str
    path: Path
    process: str = ""

    @property
    def timed_out(self) -> bool:
        """Whether the watchdog ended it."""
        return "Timeout (" in self.last_words


class Attempt:
    """A running attempt; use it as a context manager around the work on one part, loading included."""

    def __init__(self, folder: Path, part: str) -> None:
        self.path = folder / f"{part}.{uuid.uuid4().hex[:12]}{SUFFIX}"

    def __enter__(self) -> Attempt:
        try:
            make_folder(self.path.parent)
            self._descriptor = named_when_locked(self.path, os.O_APPEND)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        try:
            self._write(f"{socket.gethostname()} {os.getpid()}")
            faulthandler.enable(self._descriptor)
        except BaseException:  # on a full disk: an attempt left open here would count as running for ever
            self._release()
            raise
        return self

    def begin(self, item: str, seconds: float) -> None:
        """Name the item that is begun now; the process ends itself if it is still at it after `seconds`."""
        self.name(item)
        self.allow(seconds)

    def name(self, item: str) -> None:
        """Name the item that is begun now, under the watchdog that runs."""
        self._write(item)

    def allow(self, seconds: float) -> None:
        """Restart the watchdog. It is a C thread that needs no GIL: it also ends a decoder that hangs.

        A thread a call: for what takes milliseconds it is restarted once for several items.
        """
        faulthandler.dump_traceback_later(seconds, exit=True, file=self._descriptor)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
        # a full disk, a broken environment and being asked to stop (SystemExit) are no item's fault
        if isinstance(error, Exception) and not isinstance(error, (StoreError, WorkerUnfit)):
            try:
                self._write(f"Raised {type(error).__name__}: {error}")
            finally:
                os.close(self._descriptor)  # frees the lock; the file stays as the trace of a death
        else:
            self._release()

    def _release(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)

    def _write(self, text: str) -> None:
        line = " ".join(text.splitlines())  # a message of several lines could look like items
        data = f"{line}\n".encode(errors="replace")
        try:
            written = os.write(self._descriptor, data)
            if written < len(data):  # all that there was room for
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise cannot_write(self.path, error) from error


@contextlib.contextmanager
def claim_attempt(folder: Path, part: str) -> Iterator[Attempt | None]:
    """An attempt at a part, or None where a living process is at it: of two that ask at once, one gets it.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    with contextlib.ExitStack() as stack:
        with _alone(folder):
            attempt = None if _is_running(folder, part) else stack.enter_context(Attempt(folder, part))
        yield attempt


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder for the moment between looking and beginning; the kernel frees it however this process ends."""
    try:
        make_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise cannot_lock(folder, error) from error
        yield
    finally:
        os.close(descriptor)


def _is_running(folder: Path, part: str) -> bool:
    for path in folder.glob(f"{part}.*{SUFFIX}"):
        # a file may vanish under us: that attempt ended well in this very moment
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            if is_held(file.fileno()):
                return True
    return False


def read_attempts(folder: Path) -> tuple[set[str], list[Death]]:
    """The parts and items that living processes work on, and the attempts that died."""
    running: set[str] = set()
    deaths: list[Death] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        # a file may vanish under us: that attempt ended well in this very moment
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            held = is_held(file.fileno())
            attempt = _death(path, file.read().decode(errors="replace"))
            if held:
                running.update((attempt.part, *attempt.items))
            elif path.exists():
                deaths.append(attempt)
    return running, deaths


def _death(path: Path, text: str) -> Death:
    process, *lines = text.splitlines() or [""]
    items = tuple(line for line in lines if _ITEM.match(line))
    words = "; ".join(line.strip() for line in lines if line.strip() and not _ITEM.match(line))
    return Death(path.name.split(".")[0], items, words[:_LAST_WORDS], path, process)


def count_deaths(deaths: list[Death]) -> Counter[str]:
    """How often each item was begun by a process that died."""
    return Counter(item for death in deaths for item in set(death.items))


def forget_deaths(deaths: list[Death]) -> None:
    """Delete the traces of deaths that have been dealt with."""
    for death in deaths:
        death.path.unlink(missing_ok=True)
