"""Name photos in several processes, each with its own engine. Answers come in the order of the photos."""

from __future__ import annotations

import functools
import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.photos import PhotoAnswer, name_photo
from storage.runs import open_run
from workers.faces.engine import load_engine
from workers.recognition.recogniser import Recogniser

Answer = tuple[PhotoAnswer, bytes | None]

PHOTOS_PER_PROCESS = 40
"""With fewer, loading the engine in another process costs more than it saves."""

AHEAD = 4
"""Photos that are sent to each process in advance."""


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


def name_in_processes(naming: PhotoNaming, paths: Sequence[Path], processes: int) -> Generator[Answer, None, None]:
    """The answers of `name_photo` for each photo, in order; a photo at which its process dies is `poisoned`.

    Closing the iterator ends the processes when they have done the photos that they are at.
    """
    todo = deque(paths)
    while todo:
        try:
            yield from _together(naming, todo, processes)
        except BrokenProcessPool:  # of the photos that were begun, one killed its process
            suspects = [todo.popleft() for _ in range(min(len(todo), AHEAD * processes))]
            yield from _one_by_one(naming, suspects)


def _together(naming: PhotoNaming, todo: deque[Path], processes: int) -> Iterator[Answer]:
    """Answers until none is left to do; a photo leaves `todo` when it is answered."""
    pool = _pool(processes)
    try:
        waiting: deque[Future[Answer]] = deque()
        ahead = iter(tuple(todo))
        while todo:
            while len(waiting) < AHEAD * processes and (path := next(ahead, None)) is not None:
                waiting.append(pool.submit(_name, naming, path))
            answer = waiting.popleft().result()
            todo.popleft()
            yield answer
    finally:
        pool.shutdown(cancel_futures=True)


def _one_by_one(naming: PhotoNaming, paths: Sequence[Path]) -> Iterator[Answer]:
    """The answers of a process that does one photo at a time; another takes its place when it dies."""
    pool = _pool(1)
    try:
        for path in paths:
            try:
                yield pool.submit(_name, naming, path).result()
            except BrokenProcessPool:
                pool.shutdown()
                pool = _pool(1)
                yield PhotoAnswer(path, "poisoned", "the process that read it died"), None
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(processes: int) -> ProcessPoolExecutor:
    # spawn: OpenCV's threads do not survive a fork. Ctrl-C reaches the whole group, and the parent decides
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))


def _name(naming: PhotoNaming, path: Path) -> Answer:
    recogniser = _loaded(naming)
    return name_photo(path, load_engine(recogniser.settings), recogniser, naming.annotate)


@functools.cache
def _loaded(naming: PhotoNaming) -> Recogniser:
    run = open_run(naming.store, naming.run_id)
    recogniser = recogniser_of(run, naming.configuration, naming.likeness, smallest_face=naming.smallest_face)
    recogniser.warm()
    return recogniser
