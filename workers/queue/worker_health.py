"""A worker whose environment is broken says so in the store, takes no more work, and begins again by itself.

process of the pool ── its fault ──▶ the worker's file ──▶ WorkerHealth ── paused ──▶ the consumer of messages
                                             │
                                             ▼  orchestrator, doctor, status
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from pathlib import Path

from storage.errors import LineupError, RunNotFound, StoreError, WorkerUnfit
from storage.free_space import probe
from storage.object_path import store_path
from storage.runs import open_run
from storage.store_id import store_id
from storage.worker_faults import SUFFIX, WorkerFault, WorkerFile, fault_of, read_fault, write_fault
from workers.faces.models.model_cache import cache_folder
from workers.jobs.catalogued_file import unreadable_dataset

logger = logging.getLogger("lineup.worker")

VARIABLE = "LINEUP_WORKER_FILE"
"""Tells a worker's processes where its file is."""

LOOK_SECONDS = 0.25
BEAT_SECONDS = 3.0
PROBE_SECONDS = 2.0

TRIAL_SECONDS = 15.0
"""What cannot be probed from outside is tried again after this time; if it works for as long, the fault is over."""

HAND_BACK_SECONDS = 1.0
"""A process waits so long before it hands work back: by then its worker has paused, and no other message comes."""


class WorkerHealth:
    """The health of this worker, watched by a thread: the store may hang, and messages must not wait for that.

    Attributes:
        paused: whether the worker must take no work now.
    """

    def __init__(self, store: Path, name: str, queues: tuple[str, ...], processes: int) -> None:
        self._store, self._about = store, (name, queues, processes)
        self.path = store / "workers" / f"{uuid.uuid4().hex}{SUFFIX}"
        self.queues = queues
        self.paused = False
        self._file: WorkerFile | None = None
        self._beaten = self._probed = float("-inf")
        self._trial: tuple[WorkerFault, float] | None = None

    def start(self) -> None:
        """Watch until this process ends."""
        os.environ[VARIABLE] = str(self.path)  # inherited by the processes of the pool
        self.look()
        threading.Thread(target=self._watch, daemon=True, name="worker-health").start()

    def close(self) -> None:
        """Delete the worker's file."""
        if self._file:
            self._file.close()
            self._file = None

    def look(self) -> None:
        """Show that this worker is alive, look for a fault, and try whether it is over."""
        try:
            self._beat()
            self.paused = self._is_unfit(read_fault(self.path))
        except FileNotFoundError:  # somebody emptied the folder: it is made again at the next look
            self.close()
        except (OSError, StoreError) as error:
            if not self.paused:
                logger.warning("the store cannot be written: %s; no work is taken until it can", error)
            self.paused = True

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_SECONDS):
            self.look()

    def _beat(self) -> None:
        now = time.monotonic()
        if self._file is None:
            self._file = WorkerFile(self.path, *self._about)
        elif now - self._beaten >= BEAT_SECONDS:
            self._file.beat()
        else:
            return
        self._beaten = now

    def _is_unfit(self, fault: WorkerFault | None) -> bool:
        if fault is None:
            return False
        if self._trial and self._trial[0] != fault:
            self._trial = None
        now = time.monotonic()
        if now - self._probed >= PROBE_SECONDS:
            self._probed = now
            if self._is_over(fault, now):
                logger.info("over: %s", fault.cause)
                write_fault(self.path, None)
                return False
        return not (self._trial and now >= self._trial[1])

    def _is_over(self, fault: WorkerFault, now: float) -> bool:
        over = probed(self._store, fault)
        if over is not None:
            return over
        if self._trial is None:
            self._trial = (fault, now + TRIAL_SECONDS)
        return now >= self._trial[1] + TRIAL_SECONDS


def probed(store: Path, fault: WorkerFault) -> bool | None:
    """Whether a fault is over; None where only trying the work can tell."""
    if fault.kind == "photos":
        try:
            run = open_run(store, fault.run_id)
            return run.finished or run.cancelled or bool(run.stopped) or not unreadable_dataset(run)
        except RunNotFound:
            return True
        except LineupError:
            return False
    if fault.kind == "store":
        return not _is_unreachable(store)
    if fault.kind == "disk":
        return not _refuses(store)
    if fault.kind == "engine" and not os.access(_existing(cache_folder()), os.W_OK):
        return False
    # those of the start are taken back by the start
    return False if fault.kind in ("broker", "memory") else None


def tell_fault(unfit: WorkerUnfit) -> None:
    """Leave a fault in the file of this process's worker, and wait until the worker has paused."""
    logger.error("%s: %s", unfit.kind, unfit)
    path = os.environ.get(VARIABLE)
    if path:
        try:
            write_fault(store_path(path), fault_of(unfit))
        except (OSError, StoreError) as error:
            logger.error("the fault cannot be written into the store: %s", error)
    threading.Event().wait(HAND_BACK_SECONDS)


def _is_unreachable(store: Path) -> bool:
    try:
        store_id(store)
    except StoreError:
        return True
    return False


def _refuses(store: Path) -> bool:
    try:
        probe(store)
    except StoreError:
        return True
    return False


def _existing(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if path.exists()), folder)
