"""Measured processes that share a queue of photos."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Any, cast

from orchestrator.local.child_process import ONE_THREAD, worker_environment
from workers.faces.engine import CHUNK

ROOT = Path(__file__).parents[1]

SHARE = 4
"""Photos are sent so that each process still gets this many messages: whole chunks of the engine, and fewer towards the
end, so that no process is idle."""


@dataclass(frozen=True)
class Lap:
    """The measurement of all photos once.

    Attributes:
        photos: number of photos.
        wall: seconds from the first to the last, all processes together.
        cpu: seconds of processor time of all processes.
        steps: seconds of wall time by step, added up over the photos.
    """

    photos: int
    wall: float
    cpu: float
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def per_machine(self) -> float:
        """Images per second of all processes together."""
        return self.photos / self.wall

    @property
    def per_core(self) -> float:
        """Images per second of processor time, the speed of one core without other load."""
        return self.photos / self.cpu


class Processes:
    """Processes of one kind, started and loaded once; use it as a context manager.

    Args:
        python: the interpreter.
        module: one that calls `benchmarks.measured_loop.serve`, and its arguments.
    """

    def __init__(self, python: Path, *module: str, count: int = 2) -> None:
        self._command = [str(python), "-m", *module]
        self._count = count
        self._stack = ExitStack()
        self._children: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Processes:
        ours = (
            self._command[0] == sys.executable
        )  # Lineup as its workers are started, face_recognition as its users start it
        environment = {**os.environ, **(worker_environment() if ours else ONE_THREAD)}
        # a worker imports nothing from its working folder, and the measured module lies there
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
        for _ in range(self._count):
            child = subprocess.Popen(  # noqa: S603 - our own modules
                self._command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._children.append(self._stack.enter_context(child))
        for child in self._children:
            _read_answer(child)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            cast(IO[str], child.stdin).close()  # a process ends with its input
        self._stack.close()

    def lap(self, paths: Sequence[Path]) -> Lap:
        """Process all photos and return the measurement."""
        photos_left: SimpleQueue[list[str]] = SimpleQueue()
        start = 0
        while start < len(paths):
            size = max(min(CHUNK, (len(paths) - start) // (SHARE * self._count)), 1)
            photos_left.put([str(path) for path in paths[start : start + size]])
            start += size
        cpu, steps = 0.0, Counter[str]()
        begun = time.perf_counter()
        with ThreadPoolExecutor(self._count) as pool:
            answers = list(pool.map(lambda child: _process_all(photos_left, child), self._children))
        wall = time.perf_counter() - begun
        for answer in itertools.chain.from_iterable(answers):
            cpu += answer["cpu"]
            steps.update(answer["steps"])
        return Lap(len(paths), wall, cpu, dict(steps))


def _process_all(photos_left: SimpleQueue[list[str]], child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    while True:
        try:
            paths = photos_left.get_nowait()
        except Empty:
            return answers
        pipe = cast(IO[str], child.stdin)
        pipe.write(json.dumps(paths) + "\n")
        pipe.flush()
        answers.append(_read_answer(child))


def _read_answer(child: subprocess.Popen[str]) -> dict[str, Any]:
    """The next answer; raises RuntimeError if the process has ended."""
    line = cast(IO[str], child.stdout).readline()
    if not line:
        raise RuntimeError(f"a measured process ended: {child.args!r} (exit {child.wait()})")
    answer: dict[str, Any] = json.loads(line)
    return answer
