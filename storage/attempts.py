"""Attempts: which process began what, so that a death counts against the photo that caused it.

An attempt is a small text file, held by the process that writes it (storage/liveness.py). Each item is named in it
*before* it is begun; a finished attempt deletes its file. A file that nobody holds belongs to a process that died:
the items in it are suspects.

    worker-3 4711
    5e1f...  (64 hex digits: a photo was begun)
    Progress: epoch 12/60
    Timeout (0:00:30)!  ... or any other last words: faulthandler writes them here
"""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from storage.errors import RunConflict, StoreError, WorkerUnfit, cannot_write
from storage.held_file import HeldFile
from storage.liveness import liveness_of
from storage.object_path import ObjectPath

SUFFIX = ".attempt"

GRACE_SECONDS = 0.5
"""An item that is begun so soon after another shares its watchdog."""

PROGRESS = "Progress: "

PROGRESS_SECONDS = 2.0
"""At least so long between two lines of progress in a file: people look at it, and a training may have fast epochs."""

OBJECT_PROGRESS_SECONDS = 20.0
"""The same in an object store, where each costs a request."""


class Attempt:
    """A running attempt; use it as a context manager around the work on one part, loading included."""

    _held: HeldFile

    def __init__(self, folder: Path, part: str) -> None:
        self._folder, self._part = folder, part
        self._allowed = self._since = 0.0
        self._pause = OBJECT_PROGRESS_SECONDS if isinstance(folder, ObjectPath) else PROGRESS_SECONDS
        self._told = -math.inf

    @property
    def path(self) -> Path:
        """Its file."""
        return self._held.path

    def is_first(self) -> bool:
        """Begin, unless a living process is at this part; raises StoreError."""
        liveness = liveness_of(self._folder)
        try:
            who = _line(f"{socket.gethostname()} {os.getpid()} {liveness.owner()}".rstrip())
            held = liveness.acquire(self._folder, self._part, SUFFIX, who)
        except OSError as error:
            raise cannot_write(self._folder, error) from error
        if held is None:
            return False
        self._held = held
        return True

    def __enter__(self) -> Attempt:
        """Raises RunConflict where a living process is at it."""
        if not (hasattr(self, "_held") or self.is_first()):
            raise RunConflict(f"another process is at part {self._part}")
        faulthandler.enable(self._held.descriptor)
        return self

    def begin(self, item: str, seconds: float) -> None:
        """Name the item that is begun now; the process ends itself if it is still at it after `seconds`."""
        self.name(item)
        self.allow(seconds)

    def name(self, item: str) -> None:
        """Name the item that is begun now, under the watchdog that runs."""
        self._write(item)

    def tell(self, progress: str) -> None:
        """Note how far it is, in words, at most once in PROGRESS_SECONDS; a store that does not take it is no fault.

        It is not tried again there: a store that is away keeps its caller waiting, and work on a part has a time limit.
        """
        if time.monotonic() - self._told >= self._pause:
            try:
                self._write(PROGRESS + progress)
                self._told = time.monotonic()
            except StoreError:
                self._told = math.inf

    def announce(self, items: Sequence[str], ahead: Sequence[str] = ()) -> None:
        """Say that these items are named soon: in an object store all at once, where each alone would cost a request.

        Where a host dies with its processes, the items that were not begun are suspects too, and go alone next time.

        Args:
            ahead: the items of the next call: the store is told while the caller works on these.
        """
        try:
            self._held.announce([_line(item) for item in items], [_line(item) for item in ahead])
        except OSError as error:
            raise cannot_write(self._held.path, error) from error

    def allow(self, seconds: float) -> None:
        """Restart the watchdog: the process ends itself after `seconds`, or up to GRACE_SECONDS later.

        It is a C thread that needs no GIL: it also ends a decoder that hangs. A thread a call: one that is younger than
        the grace is left as it is.
        """
        now = time.monotonic()
        if self._allowed == seconds and now - self._since < GRACE_SECONDS:
            return
        self._allowed, self._since = seconds, now
        faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=self._held.descriptor)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
        # a full disk, a broken environment and being asked to stop (SystemExit) are no item's fault
        if isinstance(error, Exception) and not isinstance(error, (StoreError, WorkerUnfit)):
            try:
                self._write(f"Raised {type(error).__name__}: {error}")
            finally:
                self._held.release(keep=True)  # the file stays as the trace of a death
        else:
            self._held.release()

    def _write(self, text: str) -> None:
        try:
            self._held.write(_line(text))
        except OSError as error:
            raise cannot_write(self._held.path, error) from error


@contextlib.contextmanager
def claim_attempt(folder: Path, part: str) -> Iterator[Attempt | None]:
    """An attempt at a part, or None where a living process is at it: of two that ask at once, one gets it.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    attempt = Attempt(folder, part)
    if not attempt.is_first():
        yield None
        return
    with attempt:
        yield attempt


def _line(text: str) -> bytes:
    """One line of a file: a message of several could look like items."""
    return f"{' '.join(text.splitlines())}\n".encode(errors="replace")
