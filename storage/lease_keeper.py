"""Keeps the lease of its parent process: writes it every few seconds, and deletes it when the parent has ended.

A process of its own, since a decoder that hangs may keep the interpreter's lock, and a paused process is not dead.
It is started with the path of the lease, the parent's process id and the seconds between two writings, and imports
the standard library only. The parent holds the other end of its standard input, which closes when it dies.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

LOOK_SECONDS = 0.5


def write(path: str, count: int) -> None:
    """Write the lease in place, which needs no room on a full disk; a file that somebody deleted is made again."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, b"%020d %s\n" % (count, _NONCE), 0)
    finally:
        os.close(descriptor)


_NONCE = os.urandom(8).hex().encode()
"""Two keepers of one lease, one after the other, never write the same."""


def keep(path: str, parent: int, seconds: float) -> None:
    """Write the lease until the parent has ended or the folder of leases is gone."""
    count, due = 0, 0.0
    while os.getppid() == parent:
        now = time.monotonic()
        if now >= due:
            count, due = count + 1, now + seconds
            try:
                write(path, count)
            except FileNotFoundError:
                return
            except OSError as error:
                print(f"cannot write the lease {path}: {error}", file=sys.stderr, flush=True)
        if select.select([0], [], [], min(seconds, LOOK_SECONDS))[0]:
            break  # the parent's end of the pipe is closed
    try:
        Path(path).unlink()
    except OSError:
        return  # it becomes stale instead


def run_keeper() -> None:
    """The command; what ends a group of processes must not end it before its parent."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))


if __name__ == "__main__":
    run_keeper()
