"""Several reading processes, used by any number of threads: for the catalogue, which looks at many headers."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from types import TracebackType

from workers.faces.decode.guarded_reader import GuardedReader
from workers.faces.decode.read_image import Header
from workers.faces.refusal import Refusal


class ReaderPool:
    """Reading processes; use it as a context manager. Leaving it ends them at once, also in the midst of a photo."""

    def __init__(self, processes: int) -> None:
        self._readers = [GuardedReader() for _ in range(processes)]
        self._free: queue.LifoQueue[GuardedReader] = queue.LifoQueue()
        for reader in self._readers:
            self._free.put(reader)

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for reader in self._readers:
            reader.close()

    def headers(self, files: Sequence[bytes]) -> list[Header | Refusal]:
        """Size, format and orientation of image files, some megabytes in sum; waits until a process is free."""
        reader = self._free.get()
        try:
            return reader.headers(files)
        finally:
            self._free.put(reader)
