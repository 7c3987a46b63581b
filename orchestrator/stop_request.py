"""A request to stop that a signal handler may make at any moment.

`threading.Event.set` takes a lock: in a handler that interrupts `wait` in the same thread it can wait for ever. Here
the handler sets a plain flag and writes a byte into a pipe, which ends the wait.
"""

from __future__ import annotations

import os
import select
from typing import Protocol


class Stop(Protocol):
    """What long work looks at; `threading.Event` is one too."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


class StopRequest:
    """A flag with a wait that ends as soon as the flag is set; `close` frees its pipe."""

    def __init__(self) -> None:
        self._set = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """Ask to stop. Takes no lock and never blocks, so a signal handler may call it, also during `wait`."""
        if not self._set:
            self._set = True
            os.write(self._writer, b"\0")

    def is_set(self) -> bool:
        """Whether `set` was called."""
        return self._set

    def wait(self, timeout: float) -> bool:
        """Wait until `set` is called, at most so many seconds; returns whether it was."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        poll.poll(1000 * timeout)
        return self._set

    def close(self) -> None:
        """Close the pipe; afterwards neither `wait` nor a first `set` may be called."""
        os.close(self._reader)
        os.close(self._writer)
