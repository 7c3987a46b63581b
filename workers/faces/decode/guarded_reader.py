"""Read untrusted photos in a process of their own: the only way in which catalogue, workers and `identify` parse them.

A photo that exhausts, crashes or hangs that process is a `Refusal`: too_large, poisoned or timed_out. It costs a
fresh process (a fifth of a second), and no other photo. The process dies with this one. Where it cannot read at all,
the fault is not the photo's: each method raises `EngineError`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from storage.errors import EngineError
from workers.faces.decode.read_image import Header, SizeLimits
from workers.faces.decode.reader_answers import Answer
from workers.faces.decode.reading_child import ReaderDeath, ReadingChild
from workers.faces.photo import Photo
from workers.faces.refusal import Refusal

WALL_SECONDS = (40, 15)
"""For each try of one photo, should it wait without using the processor: the machine may have been paused, so a fresh
process tries once more. Together less than a worker's watchdog allows."""

MOST_KILLS = 6
"""So often is a process killed from outside at one photo until the photo is refused. Somebody may kill it, or a machine
whose memory is full; what a photo does by itself ends otherwise, or by one of the limits."""

TIMED_OUT = "reading it took too long"

PLAIN_PHOTO = b"P6 1 1 255\n\0\0\0"
"""A process that cannot read this cannot read any photo."""

_HINT = "Give this machine or container more memory and processes, and look whether Lineup's packages are whole"
_NONSENSE = Refusal("poisoned", "the process that read it answered another question")


class GuardedReader:
    """A reading process, started when it is first needed and again after it died. One thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: ReadingChild | None = None
        self._is_closed = False

    @property
    def pid(self) -> int:
        """Of the reading process; 0 where none was started."""
        return self._child.pid if self._child else 0

    def header(self, data: bytes) -> Header | Refusal:
        """Size, format and orientation of an image file; see `read_image.read_header`."""
        found = self._ask(data, None)
        return found if isinstance(found, Header | Refusal) else _NONSENSE

    def headers(self, files: Sequence[bytes]) -> list[Header | Refusal]:
        """As `header`, for files of some megabytes in sum: one request for all, which takes half the time.

        Where the process dies at it, it is not known at which file, and each is read alone.
        """
        with self._lock:
            together = None if self._is_closed or len(files) < 2 else self._try_together(files)
        if together and all(isinstance(found, Header | Refusal) for found in together):
            return [found for found in together if isinstance(found, Header | Refusal)]
        return [self.header(data) for data in files]

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
        deaths: list[ReaderDeath] = []
        with self._lock:
            end = time.monotonic() + sum(WALL_SECONDS)
            while not self._is_closed and (seconds := _seconds_after(deaths, end - time.monotonic())) > 0:
                child = self._living_child()
                try:
                    return child.ask([data], stated, seconds)[0]
                except ReaderDeath as death:
                    self._child = None
                    deaths.append(death)
            if deaths and not deaths[-1].used_up and not self._is_closed:
                self._check_itself()
        return _refusal(deaths)

    def _try_together(self, files: Sequence[bytes]) -> list[Answer] | None:
        try:
            return self._living_child().ask(files, None, WALL_SECONDS[0])
        except ReaderDeath:
            self._child = None
            return None

    def _living_child(self) -> ReadingChild:
        if self._child is None or not self._child.is_ours():
            try:
                self._child = ReadingChild()
            except OSError as error:
                raise EngineError(f"no process can be started to read photos: {error.strerror}", _HINT) from error
        return self._child

    def _check_itself(self) -> None:
        """Read a photo without fault in the process that the next photo needs anyway; raises EngineError."""
        try:
            self._living_child().ask([PLAIN_PHOTO], None, WALL_SECONDS[-1])
        except ReaderDeath as death:
            self._child = None
            if self._is_closed:
                return
            raise EngineError(f"the process that reads photos cannot work: {death.cause}", _HINT) from death


def _stated(limits: SizeLimits) -> list[int]:
    return [limits.file_bytes, limits.pixels, limits.shortest_side, limits.working_side]


def _seconds_after(deaths: Sequence[ReaderDeath], left: float) -> float:
    """The time for the next try of a photo, at most `left`; 0 where it is not tried again."""
    faults = sum(not death.killed for death in deaths)
    if any(death.used_up for death in deaths) or len(deaths) == MOST_KILLS or faults == len(WALL_SECONDS):
        return 0
    return min(left, WALL_SECONDS[faults])


def _refusal(deaths: Sequence[ReaderDeath]) -> Refusal:
    if not deaths or deaths[-1].timed_out:
        return Refusal("timed_out", TIMED_OUT)
    return Refusal("poisoned", f"the process that read it died {len(deaths)} times: {deaths[-1].cause}")


_reader: GuardedReader | None = None


def guarded_reader() -> GuardedReader:
    """The reader of this process."""
    global _reader
    if _reader is None:
        _reader = GuardedReader()
    return _reader
