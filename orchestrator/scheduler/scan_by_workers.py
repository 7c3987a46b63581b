"""Have the workers of a cluster read new files for the catalogue: the client lists them and opens none.

What no worker reads, the client reads itself: where there are no workers, where they stand still for a while, and
files that are readable here alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.dataset.catalog import Scanned
from orchestrator.dataset.photo_source import Source
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.worker_watch import workers_now
from storage.engine_settings import Limits
from storage.errors import BrokerError
from storage.known_files import FACTS
from storage.scans import BATCH, Row, Scan, new_scan
from workers.queue.broker_options import store_options
from workers.queue.environment import Settings
from workers.queue.task_names import IMAGES, SCAN_FILES

logger = logging.getLogger("lineup.scanning")

LEAST_FILES = 2 * BATCH
"""Fewer are read here sooner than a message is answered."""

WINDOW = 64
"""Messages in the broker at once."""

LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 15.0
"""Without a new batch; the client then reads the rest."""


@dataclass(frozen=True)
class ScanByWorkers:
    """Scans files by the workers of a store.

    Args:
        connect: to the broker; called where there is something to send.
        clock: seconds, monotonic.
        pause: waits so many seconds.
    """

    store: Path
    connect: Callable[[], Broker]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def __call__(self, root: Path, limits: Limits, files: Sequence[Source]) -> Iterator[list[Scanned]]:
        """The facts of files, some at a time, in no order; those that are missing at the end are left to the caller.

        Raises:
            StoreError: the store is not usable.
        """
        if len(files) < LEAST_FILES or not workers_now(self.store, IMAGES).able:
            return
        rows = [{"path": each.path, "size": each.size, "version": each.version} for each in files]
        scan = new_scan(self.store, str(root), limits, rows)
        places = {each.path: place for place, each in enumerate(files)}
        try:
            for found in self._batches(scan, self.connect()):
                yield [(places[row["path"]], {name: row[name] for name in FACTS}) for row in found]
        except BrokerError as error:
            logger.warning("the files are read here: %s", error)
        finally:
            scan.delete()

    def _batches(self, scan: Scan, broker: Broker) -> Iterator[list[Row]]:
        waiting = iter(range(scan.batches))
        sent: set[int] = set()
        moved = self.clock()
        while self.clock() - moved < PATIENCE_SECONDS:
            while len(sent) < WINDOW and (batch := next(waiting, None)) is not None:
                broker.send(SCAN_FILES, (scan.scan_id, batch), IMAGES, f"{scan.scan_id}-{batch}")
                sent.add(batch)
            if not sent:
                return
            done = sorted(scan.done() & sent)
            for batch in done:
                sent.remove(batch)
                moved = self.clock()
                yield scan.read(batch)
            if not done:
                self.pause(LOOK_SECONDS)


def scan_by_workers(store: Path, settings: Settings) -> ScanByWorkers | None:
    """What scans files by the workers of LINEUP_BROKER_URL; None without one: local workers are not faster."""
    if not settings.broker_url:
        return None
    return ScanByWorkers(store, lambda: Broker(store_options(settings.broker_url, store, settings)))
