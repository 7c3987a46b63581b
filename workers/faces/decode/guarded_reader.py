"""Read untrusted photos in a process of their own: the only way in which catalogue, workers and `identify` parse them.

A photo that exhausts, crashes or hangs that process is a `Refusal`: too_large, poisoned or timed_out. It costs a
fresh process (a fifth of a second), and no other photo. The process dies with this one. Where it cannot read at all,
the fault is not the photo's: each method raises `EngineError`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import IO, Protocol

from storage.errors import EngineError
from workers.faces.decode.read_image import Header, SizeLimits
from workers.faces.decode.reader_answers import NONSENSE, Answer, checked_answer
from workers.faces.photo import Photo
from workers.faces.refusal import Refusal

WALL_SECONDS = (40, 15)
"""For each try of one photo, should it wait without using the processor: the machine may have been paused, so a fresh
process tries once more. Together less than a worker's watchdog allows."""

MOST_ANSWER_BYTES = 10_000
"""A reason is shorter; a process that was taken over could answer without end."""

KEPT_BYTES = 32_000_000
"""Shared memory is given back to the system after a larger photo."""

KEPT_HEAP = "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=67108864:glibc.malloc.hugetlb=1"
"""A photo's memory is used again for the next: giving it back and faulting it in anew took as long as decoding."""

TIMED_OUT = "reading it took too long"

PLAIN_PHOTO = b"P6 1 1 255\n\0\0\0"
"""A process that cannot read this cannot read any photo."""

_HINT = "Give this machine or container more memory and processes, and look whether Lineup's packages are whole"
_NONSENSE = Refusal("poisoned", "the process that read it answered another question")
_SHARED_FLAGS = getattr(os, "MFD_CLOEXEC", 0)


class GuardedReader:
    """A reading process, started when it is first needed and again after it died. One thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._is_closed = False

    @property
    def pid(self) -> int:
        """Of the reading process; 0 where none was started."""
        return self._child.pid if self._child else 0

    def header(self, data: bytes) -> Header | Refusal:
        """Size, format and orientation of an image file; see `read_image.read_header`."""
        found = self._ask(data, None)
        return found if isinstance(found, Header | Refusal) else _NONSENSE

    def image(self, data: bytes, limits: SizeLimits) -> Photo | Refusal:
        """The pixels of an image file; see `read_image.read_image`."""
        found = self._ask(data, limits)
        return found if isinstance(found, Photo | Refusal) else _NONSENSE

    def close(self) -> None:
        """End the process at once, also in the midst of a photo, and start none again; the answer is then a refusal."""
        self._is_closed = True
        if self._child:
            self._child.kill()

    def _ask(self, data: bytes, limits: SizeLimits | None) -> Answer:
        stated = None if limits is None else _stated(limits)
        died: _Death | None = None
        with self._lock:
            for seconds in WALL_SECONDS:
                if self._is_closed:
                    break
                child = self._living_child()
                try:
                    return child.ask(data, stated, seconds)
                except _Death as death:
                    self._child = None
                    died = death
                    if death.used_up:
                        break
            if died and not died.used_up and not self._is_closed:
                self._check_itself()
        return _refusal(died)

    def _living_child(self) -> _Child:
        if self._child is None or not self._child.is_ours():
            try:
                self._child = _Child()
            except OSError as error:
                raise EngineError(f"no process can be started to read photos: {error.strerror}", _HINT) from error
        return self._child

    def _check_itself(self) -> None:
        """Read a photo without fault in the process that the next photo needs anyway; raises EngineError."""
        try:
            self._living_child().ask(PLAIN_PHOTO, None, WALL_SECONDS[-1])
        except _Death as death:
            self._child = None
            if self._is_closed:
                return
            raise EngineError(f"the process that reads photos cannot work: {death.cause}", _HINT) from death


def _stated(limits: SizeLimits) -> list[int]:
    return [limits.file_bytes, limits.pixels, limits.shortest_side, limits.working_side]


class _Death(Exception):
    """The process ended at a photo, or was ended because it took too long.

    Attributes:
        used_up: whether all its processor time was used; another try would use it again.
    """

    def __init__(self, code: int, timed_out: bool) -> None:
        super().__init__(code)
        self.code = code
        self.used_up = code == -signal.SIGXCPU
        self.timed_out = timed_out or self.used_up

    @property
    def cause(self) -> str:
        """How it ended, in words."""
        try:
            return signal.strsignal(-self.code) or str(self.code)
        except ValueError:
            return f"exit code {self.code}"


def _refusal(death: _Death | None) -> Refusal:
    if death is None or death.timed_out:
        return Refusal("timed_out", TIMED_OUT)
    return Refusal("poisoned", f"the process that read it died {len(WALL_SECONDS)} times: {death.cause}")


class Closable(Protocol):
    def close(self) -> None: ...


class _Child:
    """A running process and the two pieces of shared memory."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        ours, theirs = socket.socketpair()
        self._incoming, self._outgoing = _shared_memory(), _shared_memory()
        shared = (theirs.fileno(), self._incoming.fileno(), self._outgoing.fileno())
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", "workers.faces.decode.reader_process", *map(str, (*shared, self._owner))],
                pass_fds=shared,
                cwd=os.sep,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C reaches the parent only
            )
        self._socket = ours
        self._lines = ours.makefile("rwb")
        self._end = weakref.finalize(self, _end, self._process, ours, self._lines, self._owner)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_ours(self) -> bool:
        """Whether it lives, and was not inherited by a fork."""
        return os.getpid() == self._owner and self._process.poll() is None

    def ask(self, data: bytes, limits: list[int] | None, seconds: float) -> Answer:
        """The answer for one file, waited for so long; raises _Death, also where the answer is nonsense."""
        self._socket.settimeout(seconds)
        try:
            self._incoming.seek(0)
            self._incoming.write(data)
            self._lines.write(json.dumps({"length": len(data), "limits": limits}).encode() + b"\n")
            self._lines.flush()
            answer = json.loads(self._lines.readline(MOST_ANSWER_BYTES))
            found = checked_answer(answer, self._outgoing.fileno(), most_pixels=limits[1] if limits else 0)
        except TimeoutError:
            self.kill()
            raise _Death(0, timed_out=True) from None
        except (OSError, *NONSENSE):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)  # it is dead, or answers nonsense and is ended
            self._process.kill()
            raise _Death(self._process.wait(), timed_out=False) from None
        finally:
            if len(data) > KEPT_BYTES:
                self._incoming.truncate(0)
        if isinstance(found, Photo) and found.rgb.nbytes > KEPT_BYTES:
            self._outgoing.truncate(0)
        return found

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


def _end(process: subprocess.Popen[bytes], connection: socket.socket, lines: Closable, owner: int) -> None:
    with contextlib.suppress(OSError):
        lines.close()
    connection.close()
    if os.getpid() == owner:
        process.kill()
        process.wait()


def _shared_memory() -> IO[bytes]:
    """A file in memory without a name; on systems without such files, a temporary one without a name."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("lineup-reader", _SHARED_FLAGS), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _environment() -> dict[str, str]:
    """This process's modules, and nothing secret; one thread a library."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    path = os.pathsep.join(entry for entry in sys.path if Path(entry).is_absolute())
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {**kept, **threads, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "GLIBC_TUNABLES": KEPT_HEAP}


_reader: GuardedReader | None = None


def guarded_reader() -> GuardedReader:
    """The reader of this process."""
    global _reader
    if _reader is None:
        _reader = GuardedReader()
    return _reader
