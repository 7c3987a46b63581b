"""What a worker does before it takes messages: check what it needs, and connect its health with its consumer."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps
from celery.signals import celeryd_init, worker_process_init, worker_shutdown

from storage.errors import StoreError, WorkerUnfit
from storage.worker_faults import fault_of, write_fault
from workers.device import HINT, VARIABLE, lacks_cuda, uses_cuda
from workers.queue.environment import load_settings
from workers.queue.task_names import IMAGES, TRAINING
from workers.queue.worker_health import LOOK_SECONDS, WorkerHealth, tell_fault
from workers.queue.worker_probes import ENGINE_VARIABLE, refused_by_broker

logger = logging.getLogger("lineup.worker")

CHECK_SECONDS = 2.0
"""Between two checks of what was refused."""

_healths: list[WorkerHealth] = []
"""Of this process, if it is a worker's main process."""

_paused: set[str] = set()
"""Queues that `follow_health` has left."""


class HealthStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Takes a paused worker from its queues, and puts it back; runs in the consumer's own thread."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Begin to look."""
        self._timer = consumer.timer.call_repeatedly(LOOK_SECONDS, follow_health, (consumer,))

    def stop(self, _consumer: Any) -> None:
        """Look no more: the connection is lost, or the worker ends."""
        if self._timer:
            self._timer.cancel()
            self._timer = None


def follow_health(consumer: Any) -> None:
    """Have a consumer read its queues, or not, as its worker's health says."""
    for health in _healths:
        health.note_connection()
        for queue in health.queues:
            reads = consumer.task_consumer.consuming_from(queue)
            if health.paused and reads:
                logger.warning("paused: takes no work of queue %s", queue)
                consumer.cancel_task_queue(queue)
                _paused.add(queue)
            elif not health.paused and queue in _paused:  # a worker that shuts down has left its queues for good
                logger.warning("goes on with queue %s", queue)
                consumer.add_task_queue(queue)
                _paused.discard(queue)


def watch_health(app: Celery) -> None:
    """Have every worker of this application tell its faults."""
    app.steps["consumer"].add(HealthStep)


@celeryd_init.connect
def begin(sender: str, options: dict[str, Any], **_: Any) -> None:
    """Tell the store of this worker, and wait here while it could not work at all."""
    settings = load_settings()
    os.environ[VARIABLE] = settings.device  # inherited by the processes of the pool
    queues = tuple(options.get("queues") or (IMAGES, TRAINING))
    processes = int(options.get("concurrency") or 1)
    health = WorkerHealth(settings.store.resolve(), sender, queues, processes, settings.health_file)
    health.start()
    _healths.append(health)
    _wait_until_able(health)


@worker_process_init.connect
def begin_process(**_: Any) -> None:
    """In a new process of the pool, before its first message."""
    load_engine_early()


@worker_shutdown.connect
def end(**_: Any) -> None:
    """Delete the file of this worker."""
    while _healths:
        _healths.pop().close()


def load_engine_early() -> None:
    """Load the default face engine, on this worker's device, where somebody asks whether it loads: `lineup ready`."""
    if not os.environ.get(ENGINE_VARIABLE):
        return
    from storage.engine_settings import EngineSettings
    from workers.faces.engine import load_engine
    from workers.jobs.encode_photos import loading

    try:
        with loading():
            load_engine(EngineSettings(provider="cuda" if uses_cuda() else "cpu"))
        mark_engine()
    except WorkerUnfit as unfit:
        tell_fault(unfit)


def mark_engine() -> None:
    """Tell `lineup ready`, once a process, that this one has loaded a face engine; nothing where it has not."""
    mark = os.environ.get(ENGINE_VARIABLE)
    if not mark:
        return
    from workers.faces.engine import load_engine

    if load_engine.cache_info().currsize:
        with contextlib.suppress(OSError):  # the next photos try it again
            Path(mark).touch()
            del os.environ[ENGINE_VARIABLE]


def _wait_until_able(health: WorkerHealth) -> None:
    told = ""
    pause = threading.Event()
    while (unfit := start_fault()) is not None:
        if told != unfit.what:
            told = unfit.what
            logger.error("%s: %s", unfit.kind, unfit)
            _note(health, unfit)
        pause.wait(CHECK_SECONDS)
    if told:
        _note(health, None)


def _note(health: WorkerHealth, unfit: WorkerUnfit | None) -> None:
    try:
        write_fault(health.path, fault_of(unfit) if unfit else None)
    except (OSError, StoreError) as error:
        logger.error("the fault cannot be written into the store: %s", error)


def start_fault() -> WorkerUnfit | None:
    """What keeps a worker in this environment from starting; None where it can start."""
    import multiprocessing

    try:
        multiprocessing.get_context("spawn").Semaphore()
    except OSError as error:
        what = f"no semaphore can be made in /dev/shm: {error.strerror or error}"
        return WorkerUnfit("memory", what, "Mount a writable tmpfs at /dev/shm (Docker: --shm-size=64m)")
    lacks = lacks_cuda() if uses_cuda() else ""
    if lacks:
        return WorkerUnfit("device", f"LINEUP_DEVICE is cuda and {lacks}", HINT)
    return refused_by_broker(load_settings().store)
