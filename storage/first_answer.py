"""Tell soon that an object store does not answer the first request of a process, which then waits in silence.

Later silences are told by who waits: a run says what it waits for, a worker hands its work back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from storage.errors import StoreUnreachable

SILENT_SECONDS = 3.0


class FirstAnswer:
    """Calls `tell` once where no request of this process is answered for some seconds.

    Args:
        tell: is given the address of what is waited for; called in a thread of its own.
    """

    def __init__(self, tell: Callable[[str], None], seconds: float | None = None) -> None:
        self._tell, self._seconds = tell, SILENT_SECONDS if seconds is None else seconds
        self._lock = threading.Lock()
        self._over = False
        self._timer: threading.Timer | None = None

    @contextlib.contextmanager
    def awaited(self, address: str) -> Iterator[None]:
        """Around a request; whatever is answered, a refusal too, is an answer."""
        self._begin(address)
        try:
            yield
        except StoreUnreachable:
            self._end(over=False)
            raise
        except BaseException:
            self._end(over=True)
            raise
        else:
            self._end(over=True)

    def _begin(self, address: str) -> None:
        with self._lock:
            if not self._over and self._timer is None:
                self._timer = threading.Timer(self._seconds, self._silent, [address])
                self._timer.daemon = True
                self._timer.start()

    def _end(self, over: bool) -> None:
        with self._lock:
            self._over = self._over or over
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _silent(self, address: str) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        self._tell(address)
