"""Processes on this machine: command lines, environments, and a child process that ends with its parent."""

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

from orchestrator.local.import_path import safe_environment
from orchestrator.local.log_files import rotate_log
from storage.errors import LineupError
from storage.folders import make_folder
from workers.queue.environment import settings_environment

STOP_SECONDS = 20
"""A worker hands its task back within 10 s of being asked to stop (workers/queue/celery_settings.py)."""

STOP_STARTING_SECONDS = 0.5
"""Ctrl-C during the start ends everything within 2 s. A worker's children then load their models, and a task that one
of them has taken would keep the worker for 10 s."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""A worker process has one core; libraries that read these would start one thread per core in each process."""

EARLY_SECONDS = 10
"""A process that dies sooner failed while starting: a worker needs two to five seconds for its imports."""

MOST_EARLY_DEATHS = 5
"""In a row; then the installation is at fault, not a photo."""

_PR_SET_PDEATHSIG = 1


def worker_command(queue: str, processes: int, name: str) -> list[str]:
    """The command line of a Celery worker for one queue; no secret is in it."""
    return [
        *(sys.executable, "-m", "celery", "--app", "workers.queue.app", "--quiet", "worker"),
        *("--queues", queue, "--concurrency", str(processes), "--hostname", f"{name}@%h"),
        *("--without-gossip", "--without-mingle", "--task-events"),
    ]


def worker_environment() -> dict[str, str]:
    """Environment of a worker: TERM hands the running task back, one thread per process.

    It imports nothing from its working folder, and has this process's settings.
    """
    return {
        "REMAP_SIGTERM": "SIGQUIT",
        **ONE_THREAD,
        **safe_environment(),
        **settings_environment(),
    }


def flower_command(port: int, address: str = "127.0.0.1") -> list[str]:
    """The command line of Flower, which shows and commands nothing; its password is in FLOWER_BASIC_AUTH or a file."""
    return [
        *(sys.executable, "-m", "celery", "--app", "workers.queue.flower_app", "--quiet", "flower"),
        *(f"--address={address}", f"--port={port}", "--read_only=true"),
        "--tasks_columns=name,args,state,received,runtime,worker",
    ]


@dataclass
class ChildProcess:
    """A child process with its log file; it can be started again after it died.

    Args:
        standard_input: written to it at the start; for secrets, which belong in no file and no argument.
        folder: its working folder, never the caller's: Celery and Flower run Python files that lie in theirs.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    standard_input: bytes = b""
    folder: Path = Path(os.sep)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _started: float = 0.0
    _early_deaths: int = 0

    def start(self) -> None:
        """Start it; raises LineupError where the program is not there or its log cannot be written."""
        try:
            make_folder(self.log.parent)
            rotate_log(self.log)
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                    self.command,
                    env={**os.environ, **self.environment, "PWD": str(self.folder)},
                    cwd=self.folder,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C reaches the parent only, which ends its children in order
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                )
        except OSError as error:
            raise LineupError(f"cannot start {self.name}: {error}") from error
        self._started = time.monotonic()
        stdin = self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # it is dead already; the caller finds out when it checks `alive`
            if stdin:
                stdin.write(self.standard_input)
                stdin.close()

    def restart(self) -> None:
        """Start it after it died; raises LineupError where it dies each time soon after its start."""
        self._early_deaths = 0 if self.is_past_start else self._early_deaths + 1
        if self._early_deaths >= MOST_EARLY_DEATHS:
            raise LineupError(f"{self.name} ends as soon as it is started", f"See {self.log}")
        self.start()

    @property
    def is_past_start(self) -> bool:
        """Whether it has run for so long that starting it has worked."""
        return time.monotonic() - self._started >= EARLY_SECONDS

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def terminate(self) -> None:
        """Send TERM."""
        if self._process and self.alive:
            self._process.send_signal(signal.SIGTERM)

    @property
    def stop_seconds(self) -> float:
        """How long it may take to end: one that is still starting has no finished work to hand back."""
        return STOP_SECONDS if self.is_past_start else STOP_STARTING_SECONDS

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Send TERM and wait; send KILL after so many seconds."""
        if self._process is None:
            return
        self.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Send KILL to it and to all processes that it started."""
        if self._process and self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _die_with_parent() -> None:
    # without it, kill -9 of `lineup run` would leave a broker and workers behind; KILL and not TERM, because a worker
    # never ends its orderly shutdown when its broker dies at the same moment
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
