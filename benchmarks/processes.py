"""Two measured processes as one: they take the next photos from one pile until it is empty."""

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

ROOT = Path(__file__).parents[1]

AT_ONCE = 4
"""Photos that a process is handed together; as many as the engine takes at once."""


@dataclass(frozen=True)
class Lap:
    """All photos once.

    Attributes:
        photos: how many.
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
        """Images per second of processor time: what one undisturbed core would do."""
        return self.photos / self.cpu


class Processes:
    """Processes of one kind, started and loaded once; use it as a context manager.

    Args:
        python: the interpreter.
        module: one that calls `benchmarks.loop.serve`, and its arguments.
    """

    def __init__(self, python: Path, *module: str, count: int = 2) -> None:
        self._command = [str(python), "-m", *module]
        self._count = count
        self._stack = ExitStack()
        self._children: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Processes:
        ours = self._command[0] == sys.executable  # as our workers are started; the peer as its users start it
        environment = {**os.environ, **(worker_environment() if ours else ONE_THREAD)}
        for _ in range(self._count):
            child = subprocess.Popen(  # noqa: S603 - our own modules
                self._command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            self._children.append(self._stack.enter_context(child))
        for child in self._children:
            _hear(child)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            cast(IO[str], child.stdin).close()  # the end of its input is the end of it
        self._stack.close()

    def lap(self, paths: Sequence[Path]) -> Lap:
        """Work on all photos and tell what it took."""
        pile: SimpleQueue[list[str]] = SimpleQueue()
        for start in range(0, len(paths), AT_ONCE):
            pile.put([str(path) for path in paths[start : start + AT_ONCE]])
        cpu, steps = 0.0, Counter[str]()
        begun = time.perf_counter()
        with ThreadPoolExecutor(self._count) as pool:
            answers = list(pool.map(lambda child: _work_off(pile, child), self._children))
        wall = time.perf_counter() - begun
        for answer in itertools.chain.from_iterable(answers):
            cpu += answer["cpu"]
            steps.update(answer["steps"])
        return Lap(len(paths), wall, cpu, dict(steps))


def _work_off(pile: SimpleQueue[list[str]], child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    while True:
        try:
            paths = pile.get_nowait()
        except Empty:
            return answers
        pipe = cast(IO[str], child.stdin)
        pipe.write(json.dumps(paths) + "\n")
        pipe.flush()
        answers.append(_hear(child))


def _hear(child: subprocess.Popen[str]) -> dict[str, Any]:
    """The next answer; raises RuntimeError where the process has ended instead."""
    line = cast(IO[str], child.stdout).readline()
    if not line:
        raise RuntimeError(f"a measured process ended: {child.args!r} (exit {child.wait()})")
    answer: dict[str, Any] = json.loads(line)
    return answer
