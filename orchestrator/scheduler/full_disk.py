"""A run whose disk is full, or whose store does not answer, waits, says so, and goes on by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from orchestrator.scheduler.status import Status, status_of
from storage.errors import StoreFull, StoreUnreachable
from storage.runs import Run

FULL_SECONDS = 1.0
"""Between two looks whether there is room again."""


class FullDisk:
    """Takes the steps of one run, except while the disk is full; tells where the store is away."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._last: Status | None = None
        self._since = 0.0

    def guard(self, step: Callable[[], Status]) -> Status:
        """The status after a step; with a full disk or an absent store, the last one, with the reason in `waiting`."""
        if self._last and self._last.disk_full and time.monotonic() - self._since < FULL_SECONDS:
            return self._last
        try:
            self._last = step()
        except StoreFull as error:
            self._since = time.monotonic()
            waiting = f"the disk is full, goes on when there is room ({error.what})"
            self._last = replace(self._last or status_of(self._run), waiting=waiting, disk_full=True)
        except StoreUnreachable as error:
            last = self._last or Status(self._run.run_id, "running", "images")
            waiting = f"the store is away, goes on when it answers ({error.what})"
            self._last = replace(last, waiting=waiting, disk_full=False)
        return self._last
