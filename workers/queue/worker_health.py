"""A worker whose environment is broken says so in the store, takes no more work, and begins again by itself.

process of the pool ── its fault ──▶ the worker's file ──▶ WorkerHealth ── paused ──▶ the consumer of messages
                                             │                  │
                                             ▼                  ▼
                         orchestrator, doctor, status      LINEUP_HEALTH_FILE: `lineup ready`
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from pathlib import Path

from storage.errors import StoreError, WorkerUnfit
from storage.object_path import ObjectPath, store_path
from storage.worker_faults import SUFFIX, WorkerFault, WorkerFile, fault_of, read_fault, write_fault
from workers.numeric_environment import numeric_environment
from workers.queue.health_file import HealthFile
from workers.queue.task_names import IMAGES
from workers.queue.worker_probes import ENGINE_VARIABLE, PhotosProbe, engine_mark, probed, refused_by_broker

logger = logging.getLogger("lineup.worker")

VARIABLE = "LINEUP_WORKER_FILE"
"""Tells a worker's processes where its file is."""

LOOK_SECONDS = 0.25
OBJECT_LOOK_SECONDS = 0.5
"""In an object store a look is a request."""

BEAT_SECONDS = 3.0
PROBE_SECONDS = 2.0

TRIAL_SECONDS = 15.0
"""What cannot be probed from outside is tried again after this time; if it works for as long, the fault is over."""

CONNECTED_SECONDS = 10.0
"""A worker whose consumer has not looked for so long has lost the broker; Celery tries again for ever."""

HAND_BACK_SECONDS = 1.0
"""A process waits so long before it hands work back: by then its worker has paused, and no other message comes."""


class WorkerHealth:
    """The health of this worker, watched by a thread: the store may hang, and messages must not wait for that.

    Attributes:
        paused: whether the worker must take no work now.
    """

    def __init__(
        self, store: Path, name: str, queues: tuple[str, ...], processes: int, health_file: Path | None = None
    ) -> None:
        self._store, self._about = store, (name, queues, processes, numeric_environment())
        self._health = HealthFile(health_file)
        self._engine = engine_mark(health_file) if health_file and IMAGES in queues else None
        self._photos = PhotosProbe(store if IMAGES in queues else None)
        self._asked_broker = self._connected = float("-inf")
        self.path = store / "workers" / f"{uuid.uuid4().hex}{SUFFIX}"
        self.queues = queues
        self.paused = False
        self._file: WorkerFile | None = None
        self._beaten = self._probed = float("-inf")
        self._trial: tuple[WorkerFault, float] | None = None

    def start(self) -> None:
        """Watch until this process ends."""
        os.environ[VARIABLE] = str(self.path)  # inherited by the processes of the pool
        if self._engine:
            self._engine.unlink(missing_ok=True)
            os.environ[ENGINE_VARIABLE] = str(self._engine)
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
            fault = read_fault(self.path) or self._found()
            self.paused = self._is_unfit(fault)
            self._health.say(self._not_ready(fault))
        except FileNotFoundError:  # somebody emptied the folder: it is made again at the next look
            self.close()
        except (OSError, StoreError) as error:
            if not self.paused:
                logger.warning("the store cannot be written: %s; no work is taken until it can", error)
            self.paused = True
            self._health.say(f"the store cannot be written: {error}")

    def note_connection(self) -> None:
        """The consumer of messages is connected at this moment."""
        self._connected = time.monotonic()

    def _is_connected(self) -> bool:
        return time.monotonic() - self._connected < CONNECTED_SECONDS

    def _not_ready(self, fault: WorkerFault | None) -> str:
        if fault:
            return f"{fault.cause}. {fault.hint}"
        if not self._is_connected():
            return "it is not connected with the broker"
        return "no process has loaded the face engine yet" if self._engine and not self._engine.exists() else ""

    def _found(self) -> WorkerFault | None:
        """A fault that shows before any message does, written into the worker's file."""
        unfit = self._photos.look() or self._without_broker()
        if unfit is None:
            return None
        logger.error("%s: %s", unfit.kind, unfit)
        fault = fault_of(unfit)
        write_fault(self.path, fault)
        return fault

    def _without_broker(self) -> WorkerUnfit | None:
        """Ask a broker that was lost why."""
        now = time.monotonic()
        lost = self._connected > float("-inf") and not self._is_connected()
        if not lost or now - self._asked_broker < CONNECTED_SECONDS:
            return None
        self._asked_broker = now
        return refused_by_broker(self._store)

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(OBJECT_LOOK_SECONDS if isinstance(self.path, ObjectPath) else LOOK_SECONDS):
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
        if fault.kind == "broker":  # nothing comes from it, and work goes on at once when it is back
            if self._is_connected():
                self._end(fault)
            return False
        if self._trial and self._trial[0] != fault:
            self._trial = None
        now = time.monotonic()
        if now - self._probed >= PROBE_SECONDS:
            self._probed = now
            if self._is_over(fault, now):
                self._end(fault)
                return False
        return not (self._trial and now >= self._trial[1])

    def _end(self, fault: WorkerFault) -> None:
        logger.info("over: %s", fault.cause)
        write_fault(self.path, None)

    def _is_over(self, fault: WorkerFault, now: float) -> bool:
        over = probed(self._store, fault, self._photos)
        if over is not None:
            return over
        if self._trial is None:
            self._trial = (fault, now + TRIAL_SECONDS)
        return now >= self._trial[1] + TRIAL_SECONDS


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
