"""Keeps the lease of its parent process: writes it every few seconds, and deletes it when the parent has ended.

A process of its own, since a decoder that hangs may keep the interpreter's lock, and a paused process is not dead.
Its arguments are the lease, the parent's process id, the seconds between two writings and, for an object store, the
folder of the parent's local files. In a folder it needs the standard library only. The parent holds the other end of
its standard input, which closes when it dies.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path

LOOK_SECONDS = 0.5


def write_lease(path: str, count: int) -> None:
    """Write the lease in place, which needs no room on a full disk; a file that somebody deleted is made again."""
    content = b"%020d %s\n" % (count, _NONCE)
    if "://" in path:
        from storage.errors import StoreError
        from storage.object_path import store_path
        from storage.whole_objects import put_whole

        try:
            put_whole(store_path(path), content)
        except StoreError as error:
            raise OSError(str(error)) from error
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, content, 0)
    finally:
        os.close(descriptor)


_NONCE = os.urandom(8).hex().encode()
"""Two keepers of one lease, one after the other, never write the same."""


def keep_lease(path: str, parent: int, seconds: float) -> None:
    """Write the lease until the parent has ended or the folder of leases is gone."""
    count, due, told = 0, 0.0, False
    while os.getppid() == parent:
        now = time.monotonic()
        if now >= due:
            count, due = count + 1, now + seconds
            try:
                write_lease(path, count)
                told = False
            except FileNotFoundError:
                return
            except OSError as error:
                if not told:
                    print(f"cannot write the lease {path}: {error}", file=sys.stderr, flush=True)
                told = True
        if select.select([0], [], [], min(seconds, LOOK_SECONDS))[0]:
            return  # the parent's end of the pipe is closed


def end_lease(path: str, words: str) -> None:
    """Write the parent's last words into an object store, then delete the lease; what fails becomes stale instead."""
    if "://" not in path:
        Path(path).unlink(missing_ok=True)
        return
    from storage.errors import StoreError
    from storage.object_leases import upload_words
    from storage.object_path import store_path

    with contextlib.suppress(StoreError):
        upload_words(Path(words))
        store_path(path).unlink(missing_ok=True)


def run_keeper() -> None:
    """The command; what ends a group of processes must not end it before its parent."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    path, parent, seconds, *words = sys.argv[1:]
    if words:
        sys.path.append(str(Path(__file__).parents[1]))
    keep_lease(path, int(parent), float(seconds))
    end_lease(path, "".join(words))


if __name__ == "__main__":
    run_keeper()
