"""What keeps a run from going on, or slows it down: added to its status by whoever drives or watches it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.scheduler.status import Status, status_of
from orchestrator.scheduler.worker_watch import QUEUE_OF_STAGE, WorkerWatch, loading_fault
from storage.errors import BrokerError
from storage.free_space import probe
from storage.read_attempts import Death
from storage.runs import Run

PROBE_SECONDS = 8.0
"""Between two trials whether the store can be written, while no worker can work."""

BROKER_SECONDS = 3.0
"""A broker that is started again is there sooner."""


class RunFaults:
    """The faults of one run.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        self._run, self._clock = run, clock
        self._watch = WorkerWatch(run.store, clock)
        self._loading = (0, 0)
        self._probed = clock()
        self._last: Status | None = None
        self._lost: float | None = None

    def tell(self, status: Status, deaths: Sequence[Death] = (), photos: Sequence[str] = (), left: int = 1) -> Status:
        """The status with its faults, and with what it waits for where nothing can be done.

        Args:
            deaths: of this stage.
            photos: a sentence for each photo that only some worker cannot read.
            left: photos that have no outcome and were not handed back.

        Raises:
            StoreError: no worker can work, and the store cannot be written either.
        """
        self._last, self._lost = self._add(status, deaths, photos, left), None
        return self._last

    def _add(self, status: Status, deaths: Sequence[Death], photos: Sequence[str], left: int) -> Status:
        queue = QUEUE_OF_STAGE.get(status.stage)
        if status.state != "running" or queue is None:
            return status
        found = self._watch.look(queue, status.done)
        loading = self._loading_fault(status, deaths)
        faults = (*found.faults, *([loading] if loading else []), *photos[:1])
        waiting = found.waiting or loading or (photos[0] if photos and not left else "")
        if waiting and self._clock() - self._probed >= PROBE_SECONDS:
            self._probed = self._clock()
            probe(self._run.folder)
        return replace(status, faults=faults, waiting=waiting)

    def _loading_fault(self, status: Status, deaths: Sequence[Death]) -> str:
        """Empty where something was done since the last such death."""
        if status.stage != "images":
            return ""
        count, before = self._loading
        now = sum(not death.items for death in deaths)
        if now > count:
            before = status.done
        self._loading = (now, before)
        return loading_fault(deaths) if status.done == before else ""

    def without_broker(self, error: BrokerError) -> Status:
        """The last status; what the broker refuses, or that it does not answer, is told when it lasts."""
        now = self._clock()
        if self._lost is None:
            self._lost = now
        status = replace(self._last or status_of(self._run), faults=(), waiting="")
        return replace(status, waiting=str(error)) if now - self._lost >= BROKER_SECONDS else status
