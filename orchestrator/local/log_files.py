"""Keep the logs of child processes small: two files of a limited size for each.

The processes hold the log open for appending, so it is copied and emptied, never renamed. What is written in the
moment between the copy and the emptying is lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

MOST_LOG_BYTES = 10_000_000
"""A log that is larger is emptied; some weeks of a busy worker at the level INFO."""

EARLIER = ".1"
"""Ends the name of the file that keeps what the log held before."""


def rotate_log(log: Path, most_bytes: int = MOST_LOG_BYTES) -> None:
    """Move the content of a log to NAME.1, in place of what that held, where the log has more than `most_bytes`.

    A log that cannot be copied, for example on a full disk, stays as it is. Several processes may call it at once.
    """
    with contextlib.suppress(OSError):  # also: there is no log yet, or another process rotates it
        if log.stat().st_size <= most_bytes:
            return
        with log.open("r+b") as source:
            fcntl.flock(source, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(source.fileno()).st_size > most_bytes:
                with log.with_name(log.name + EARLIER).open("wb") as earlier:
                    shutil.copyfileobj(source, earlier)
                source.truncate(0)
