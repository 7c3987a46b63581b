"""A running process that reads photos, as its parent sees it: a socket, and two pieces of shared memory.

`guarded_reader` starts it again where it dies.
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
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

from workers.faces.decode.reader_answers import NONSENSE, Answer, checked_answer
from workers.faces.photo import Photo

MOST_ANSWER_BYTES = 10_000
"""A reason is shorter; a process that was taken over could answer without end."""

KEPT_BYTES = 32_000_000
"""Shared memory is given back to the system after a larger photo."""

KEPT_HEAP = "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=67108864:glibc.malloc.hugetlb=1"
"""A photo's memory is used again for the next: giving it back and faulting it in anew took as long as decoding."""

_SHARED_FLAGS = getattr(os, "MFD_CLOEXEC", 0)


class ReaderDeath(Exception):
    """The process ended at a photo, or was ended because it took too long.

    Attributes:
        used_up: whether all its processor time was used; another try would use it again.
        killed: whether it was killed from outside: neither by a limit nor by this process.
    """

    def __init__(self, code: int, timed_out: bool, killed: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.used_up = code == -signal.SIGXCPU
        self.timed_out = timed_out or self.used_up
        self.killed = killed

    @property
    def cause(self) -> str:
        """How it ended, in words."""
        try:
            return signal.strsignal(-self.code) or str(self.code)
        except ValueError:
            return f"exit code {self.code}"


class Closable(Protocol):
    def close(self) -> None: ...


class ReadingChild:
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

    def ask(self, files: Sequence[bytes], limits: list[int] | None, seconds: float) -> list[Answer]:
        """One answer a file, waited for so long; raises ReaderDeath, also where the answer is nonsense.

        Args:
            files: one, or several of which the headers are asked for.
            limits: for pixels; None for headers.
        """
        self._socket.settimeout(seconds)
        size = sum(map(len, files))
        try:
            self._incoming.seek(0)
            for data in files:
                self._incoming.write(data)
            request = {"lengths": [len(data) for data in files], "limits": limits}
            self._lines.write(json.dumps(request).encode() + b"\n")
            self._lines.flush()
            answers = json.loads(self._lines.readline(MOST_ANSWER_BYTES * len(files)))["answers"]
            most_pixels = limits[1] if limits else 0
            found = [
                checked_answer(answers[place], self._outgoing.fileno(), most_pixels) for place in range(len(files))
            ]
        except TimeoutError:
            self.kill()
            raise ReaderDeath(0, timed_out=True) from None
        except (OSError, *NONSENSE):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)  # it is dead, or answers nonsense and is ended
            killed = self._process.poll() == -signal.SIGKILL
            self._process.kill()
            raise ReaderDeath(self._process.wait(), timed_out=False, killed=killed) from None
        finally:
            if size > KEPT_BYTES:
                self._incoming.truncate(0)
        if any(isinstance(each, Photo) and each.rgb.nbytes > KEPT_BYTES for each in found):
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
