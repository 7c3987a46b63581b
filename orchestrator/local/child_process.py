"""The processes that one machine runs: command lines, environments, and a child that never outlives us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storage.errors import LineupError
from storage.folders import make_folder

STOP_SECONDS = 20
"""A worker hands its task back within 10 s of being asked to stop (workers/queue/app.py)."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A worker process is one core's; libraries that read these would start a thread a core in each."""

LARGE_PAGES = "glibc.malloc.hugetlb=1"
"""For glibc's GLIBC_TUNABLES: the landmarks jump about in 70 MB of small leaves, and take two thirds of the time where
the kernel lends large pages (docs/performance.md). Other C libraries do not read it."""

EARLY_SECONDS = 10
"""Whoever dies so soon has hardly begun: a worker needs two to five seconds for its imports."""

MOST_EARLY_DEATHS = 5
"""In a row; a fault of the installation and not of a photo."""

_PR_SET_PDEATHSIG = 1


def worker_command(queue: str, processes: int, name: str) -> list[str]:
    """The command line of a Celery worker for one queue; no secret is in it."""
    return [
        *(sys.executable, "-m", "celery", "--app", "workers.queue.app", "--quiet", "worker"),
        *("--queues", queue, "--concurrency", str(processes), "--hostname", f"{name}@%h"),
        *("--without-gossip", "--without-mingle", "--task-events"),
    ]


def worker_environment() -> dict[str, str]:
    """What a worker needs besides its settings: TERM hands the running task back, one thread a process, large pages.

    A user's own GLIBC_TUNABLES stay as they are.
    """
    tunables = os.environ.get("GLIBC_TUNABLES", LARGE_PAGES)
    return {"REMAP_SIGTERM": "SIGQUIT", "GLIBC_TUNABLES": tunables, **ONE_THREAD}


def flower_command(port: int) -> list[str]:
    """The command line of Flower on loopback; its password is in FLOWER_BASIC_AUTH."""
    return [
        *(sys.executable, "-m", "celery", "--app", "workers.queue.app", "--quiet", "flower"),
        *("--address=127.0.0.1", f"--port={port}"),
    ]


@dataclass
class Child:
    """A process of ours, with its log; started again when it dies while we want it.

    Args:
        said: fed to its standard input, where a secret may go that belongs in no file and no argument.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    said: bytes = b""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _started: float = 0.0
    _early_deaths: int = 0

    def start(self) -> None:
        """Start it; raises LineupError where the program is not there or its log cannot be written."""
        try:
            make_folder(self.log.parent)
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                    self.command,
                    env={**os.environ, **self.environment},
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is ours to handle, in order
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                )
        except OSError as error:
            raise LineupError(f"cannot start {self.name}: {error}") from error
        self._started = time.monotonic()
        stdin = self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it is dead already; whoever tends it finds out
            if stdin:
                stdin.write(self.said)
                stdin.close()

    def start_again(self) -> None:
        """Start it after a death; raises LineupError where it dies as often as it is started."""
        self._early_deaths = 0 if self.has_settled else self._early_deaths + 1
        if self._early_deaths >= MOST_EARLY_DEATHS:
            raise LineupError(f"{self.name} ends as soon as it is started", f"See {self.log}")
        self.start()

    @property
    def has_settled(self) -> bool:
        """Whether its start is so long ago that a death now has another cause."""
        return time.monotonic() - self._started >= EARLY_SECONDS

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def ask_to_stop(self) -> None:
        """Send TERM."""
        if self._process and self.alive:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for its end, and enforce it after so many seconds."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Send KILL to it and to all that it started."""
        if self._process and self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _die_with_parent() -> None:
    # without it, kill -9 of `lineup run` would leave a broker and workers behind; and not TERM, because a worker
    # whose broker goes at the same moment never gets to the end of its orderly shutdown
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
