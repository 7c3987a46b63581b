"""A file that a living process holds: an attempt, the file of a worker, the claim of a run."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path


class HeldFile:
    """Open for writing until it is released.

    Attributes:
        descriptor: may be written to by the last words of a process (faulthandler).
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self.descriptor = path, descriptor

    def write(self, data: bytes) -> None:
        """Write at the current place; raises OSError, also where there was room for a part only."""
        write_whole(self.descriptor, data)

    def announce(self, lines: Sequence[bytes], ahead: Sequence[bytes] = ()) -> None:
        """Have these lines, which are about to be written, in the store before: an object is written once for all.

        In a folder a line costs nothing, and there it appears when it is written. Raises StoreError.

        Args:
            ahead: lines of the next call, which are sent meanwhile.
        """

    def release(self, keep: bool = False) -> None:
        """Close it, and delete it unless it is to stay as the trace of a death."""
        try:
            if not keep:
                self.path.unlink(missing_ok=True)
        finally:
            os.close(self.descriptor)


def write_whole(descriptor: int, data: bytes) -> None:
    """Write all or raise OSError: on a full disk `os.write` may write what there is room for."""
    if os.write(descriptor, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
