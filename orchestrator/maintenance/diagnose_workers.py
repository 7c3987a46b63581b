"""Diagnose what workers need, by trying it here, and what the workers of a store say of themselves."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

from orchestrator.maintenance.diagnosis import ERROR, WARNING, Diagnosis, fine
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.differing_workers import differing_workers
from orchestrator.scheduler.worker_watch import workers_now
from storage.errors import StoreError
from storage.runs import Run
from storage.worker_faults import live_workers
from storage.write_whole import write_bytes
from workers.faces.models.model_cache import cache_folder
from workers.jobs.catalogued_file import unreadable_dataset
from workers.queue.broker_probe import probe_broker
from workers.queue.task_names import IMAGES, TRAINING


def shared_memory() -> Iterator[Diagnosis]:
    """Whether worker processes can be started."""
    try:
        multiprocessing.get_context("spawn").Semaphore()
    except OSError as error:
        what = f"no semaphore can be made in /dev/shm: {error.strerror or error}"
        yield Diagnosis("workers", ERROR, what, "Mount a writable tmpfs at /dev/shm (Docker: --shm-size=64m)")


def unwritable_cache() -> str:
    """Why nothing can be written into the model cache; empty where it can. Leaves no file, but makes the folder."""
    path = cache_folder() / ".doctor"
    try:
        write_bytes(path, b"")
        path.unlink(missing_ok=True)
    except (StoreError, OSError) as error:
        return str(error.__cause__ or error)
    return ""


def photos_of(run: Run) -> Iterator[Diagnosis]:
    """Whether the photos of a run that is not finished can be read from here."""
    try:
        why = "" if run.faces.exists() else unreadable_dataset(run)
    except StoreError as error:
        why = error.what
    if why:
        hint = "Mount the photos here at the same path: the orchestrator must tell a lost photo from a broken worker"
        yield Diagnosis("photos", ERROR, f"{run.run_id}: {why}", hint)


def workers_of_broker(broker: Broker, store: Path) -> Iterator[Diagnosis]:
    """What the broker refuses, and the workers of each queue; raises BrokerError."""
    probe_broker(broker.options)
    for queue in (IMAGES, TRAINING):
        found, waiting = workers_now(store, queue), broker.waiting(queue)
        if found.able:
            words = f"{queue}: {found.able} workers, {found.processes} processes, {waiting} messages wait"
            yield fine("workers", words)
        elif not found.faults:
            hint = f"lineup worker {queue} with this store; if one runs, its log says why it is not there"
            yield Diagnosis("workers", ERROR, f"{queue}: no worker is there, {waiting} messages wait", hint)


def faults_of_workers(store: Path) -> Iterator[Diagnosis]:
    """The fault of each worker of a store."""
    for state in live_workers(store):
        if state.fault:
            where = f"{state.name} (process {state.pid} on {state.host}), since {state.fault.since}"
            yield Diagnosis("workers", ERROR, f"{where}: {state.fault.cause}", state.fault.hint)


def differences_of_workers(run: Run) -> Iterator[Diagnosis]:
    """The workers of a run's store whose versions or processor are not those that its plan notes."""
    hint = "Install the same versions on all hosts (the lock file, or one image) where tables must be equal to the byte"
    for sentence in differing_workers(run.plan, live_workers(run.store)):
        yield Diagnosis("workers", WARNING, f"{run.run_id}: {sentence}", hint)
