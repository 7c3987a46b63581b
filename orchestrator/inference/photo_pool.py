"""Name photos in several processes, each with its own engine. Answers come in the order of the photos."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.photos import PhotoAnswer, name_photo
from orchestrator.stop_request import Stop
from storage.runs import open_run
from workers.faces.engine import load_engine
from workers.recognition.recogniser import Recogniser

Answer = tuple[PhotoAnswer, bytes | None]

PHOTOS_PER_PROCESS = 40
"""With fewer, loading the engine in another process costs more than it saves."""

AHEAD = 4
"""Photos that are sent to each process in advance."""

POLL_SECONDS = 0.1
"""Between two looks whether to stop; the first answer takes seconds, since the processes load their engines."""


@dataclass(frozen=True)
class PhotoNaming:
    """How photos are named; a process that gets it loads the rest by itself.

    Attributes:
        configuration, likeness, smallest_face: of `recogniser_of`.
        annotate: whether answers come with a JPEG.
    """

    store: Path
    run_id: str
    configuration: str | None
    likeness: float | None
    annotate: bool
    smallest_face: int | None = None


def useful_processes(photos: int, cores: int) -> int:
    """How many processes are worth their start; 1 for none besides this one."""
    return max(1, min(cores, photos // PHOTOS_PER_PROCESS))


class NamingProcesses:
    """The processes; they are started when the first photo is named, and ended by `close`.

    Args:
        stop: ends `name`, and the processes with what they are at.
    """

    def __init__(self, naming: PhotoNaming, processes: int, stop: Stop | None = None) -> None:
        self._naming, self._processes, self._stop = naming, processes, stop
        self._running = contextlib.ExitStack()
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> NamingProcesses:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes with what they are at."""
        self._running.close()
        self._pool = None

    def name(self, paths: Sequence[Path]) -> Generator[Answer, None, None]:
        """The answers of `name_photo` for each photo, in order; a photo at which its process dies is `poisoned`."""
        todo = deque(paths)
        while todo and not self._is_stopped:
            try:
                yield from self._together(todo)
            except BrokenProcessPool:  # of the photos that were begun, one killed its process
                self.close()
                suspects = [todo.popleft() for _ in range(min(len(todo), AHEAD * self._processes))]
                yield from _one_by_one(self._naming, suspects)

    @property
    def _is_stopped(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def _together(self, todo: deque[Path]) -> Iterator[Answer]:
        """Answers until none is left to do; a photo leaves `todo` when it is answered."""
        if self._pool is None:
            self._pool = self._running.enter_context(_pool(self._processes))
        waiting: deque[Future[Answer]] = deque()
        ahead = iter(tuple(todo))
        while todo:
            while len(waiting) < AHEAD * self._processes and (path := next(ahead, None)) is not None:
                waiting.append(self._pool.submit(_name, self._naming, path))
            while not wait(list(waiting)[:1], POLL_SECONDS).done:
                if self._is_stopped:
                    return
            answer = waiting.popleft().result()
            todo.popleft()
            yield answer


def _one_by_one(naming: PhotoNaming, paths: Sequence[Path]) -> Iterator[Answer]:
    """The answers of a process that does one photo at a time; another takes its place when it dies."""
    left = deque(paths)
    while left:
        with _pool(1) as pool:
            try:
                while left:
                    answer = pool.submit(_name, naming, left[0]).result()
                    left.popleft()
                    yield answer
            except BrokenProcessPool:
                yield PhotoAnswer(left.popleft(), "poisoned", "the process that read it died"), None


@contextlib.contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that are killed at the end: by then all answers are there, or none is wanted any more."""
    others = set(multiprocessing.active_children())
    # spawn: OpenCV's threads do not survive a fork. Ctrl-C reaches the whole group, and the parent decides
    context = multiprocessing.get_context("spawn")
    ignore = (signal.SIGINT, signal.SIG_IGN)
    pool = ProcessPoolExecutor(processes, context, initializer=signal.signal, initargs=ignore)
    try:
        yield pool
    finally:
        for child in set(multiprocessing.active_children()) - others:
            child.kill()
        pool.shutdown(cancel_futures=True)


def _name(naming: PhotoNaming, path: Path) -> Answer:
    recogniser = _loaded(naming)
    return name_photo(path, load_engine(recogniser.settings), recogniser, naming.annotate)


@functools.cache
def _loaded(naming: PhotoNaming) -> Recogniser:
    run = open_run(naming.store, naming.run_id)
    recogniser = recogniser_of(run, naming.configuration, naming.likeness, smallest_face=naming.smallest_face)
    recogniser.warm()
    return recogniser
