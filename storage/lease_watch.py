"""Which leases of a store belong to living processes, as this process sees it on its own monotonic clock.

A lease is dead when it is gone, or when its content has not changed for `seconds`. No clock of another machine is
compared: a lease holds a count and no time. Whoever has watched one for so long deletes it, so that all others, who
may not have watched, know it too. A process that was only cut off writes its lease again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.object_path import ObjectPath
from storage.whole_objects import list_whole

LOOKS = 20
"""At all leases in the time after which one of them is dead, at most."""

LONGEST_LOOK_SECONDS = 1.0


@dataclass
class _Seen:
    content: bytes
    changed: float
    moved: bool = False


class LeaseWatch:
    """Watches the leases of a folder.

    Args:
        seconds: after which a lease that stands still is dead.
        clock: seconds, monotonic.
    """

    def __init__(self, folder: Path, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._seconds, self._clock = folder, seconds, clock
        self._pause = min(LONGEST_LOOK_SECONDS, seconds / LOOKS)
        self._seen: dict[str, _Seen] = {}
        self._looked = float("-inf")
        self._lock = threading.Lock()

    def is_alive(self, name: str) -> bool:
        """Whether a lease is there and has not stood still for too long; one that is seen first is alive.

        Raises:
            OSError: the store cannot be read.
        """
        with self._lock:
            began = self._clock()
            if began - self._looked >= self._pause:
                self._look()
                began = self._looked
            if name not in self._seen and not self._read(name, began):  # it is younger than the last look, or gone
                return False
            return began - self._seen[name].changed < self._seconds

    def is_settled(self, name: str) -> bool:
        """Whether it is known, and not only assumed, that a lease is alive or dead."""
        alive = self.is_alive(name)
        with self._lock:
            return not alive or self._seen[name].moved

    def _look(self) -> None:
        began = self._clock()
        if began - self._looked > self._seconds / 2:
            # this process was suspended, or the store did not answer: nobody could be seen writing meanwhile
            self._seen = {}
        there = {each.path.name: each.tag for each in list_whole(self._folder)}
        for name in there.keys() | self._seen.keys():
            self._read(name, began, there.get(name, ""))
        self._looked = began

    def _read(self, name: str, began: float, tag: str = "") -> bool:
        """Note what a lease holds; False where it is gone.

        Args:
            tag: from a listing. In an object store it stands for the content; a network file system may be slow to
                tell that a file has changed, until it is opened.
        """
        path = self._folder / name
        try:
            content = (tag or path.info().tag).encode() if isinstance(path, ObjectPath) else path.read_bytes()
        except FileNotFoundError:
            self._seen.pop(name, None)
            return False
        seen = self._seen.get(name)
        if seen is None or seen.content != content:
            # the content is at most as old as the end of the reading
            self._seen[name] = _Seen(content, self._clock(), moved=seen is not None)
        elif began - seen.changed >= self._seconds:
            path.unlink(missing_ok=True)
            del self._seen[name]
            return False
        return True
