"""What a worker tries in its environment: photos, broker, disk, the face engine."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from storage.errors import BrokerError, LineupError, RunNotFound, StoreError, WorkerUnfit
from storage.free_space import probe
from storage.runs import Run, list_runs, open_run
from storage.store_id import store_id
from storage.worker_faults import WorkerFault
from workers.faces.models.model_cache import cache_folder
from workers.jobs.catalogued_file import PHOTOS_HINT, unreadable_dataset
from workers.queue.broker_options import store_options
from workers.queue.broker_probe import probe_broker
from workers.queue.environment import load_settings

ENGINE_VARIABLE = "LINEUP_ENGINE_MARK"
"""Tells a worker's processes to load the face engine early, and which file then to make."""

PHOTOS_SECONDS = 10.0
"""Between two looks for runs whose photos this worker has not tried to read."""

MOST_RUNS = 20
"""The newest ones; in older ones nobody waits for this worker."""


class PhotosProbe:
    """Compares some photos of the unfinished runs with what is catalogued.

    One run that this worker can read is enough: another may have been left unfinished, and its folder deleted since.

    Args:
        store: None for a worker that reads no photos.
    """

    def __init__(self, store: Path | None) -> None:
        self._store = store
        self._ended: set[str] = set()
        self._readable: set[str] = set()
        self._looked = float("-inf")

    def look(self) -> WorkerUnfit | None:
        """The fault where this worker has none of the photos of any unfinished run."""
        now = time.monotonic()
        if self._store is None or now - self._looked < PHOTOS_SECONDS:
            return None
        self._looked = now
        unfit: WorkerUnfit | None = None
        for run in _unfinished_runs(self._store, self._ended):
            if run.run_id in self._readable:
                return None
            with contextlib.suppress(LineupError):  # such a run is told by who opens it for its work
                why = unreadable_dataset(run)
                if not why:
                    self._readable.add(run.run_id)
                    return None
                unfit = unfit or WorkerUnfit("photos", why, PHOTOS_HINT, run.run_id)
        return unfit


def _unfinished_runs(store: Path, ended: set[str]) -> Iterator[Run]:
    """The newest runs whose photos are not all encoded, but those in `ended`, to which others are added."""
    for run_id in list_runs(store)[:MOST_RUNS]:
        if run_id in ended:
            continue
        with contextlib.suppress(LineupError):
            run = open_run(store, run_id)
            if run.faces.exists() or run.cancelled or run.stopped:
                ended.add(run_id)
            else:
                yield run


def _reads_another(store: Path, but: str) -> bool:
    """Whether some photos of another unfinished run can be read."""
    for run in _unfinished_runs(store, {but}):
        with contextlib.suppress(LineupError):
            if not unreadable_dataset(run):
                return True
    return False


def probed(store: Path, fault: WorkerFault) -> bool | None:
    """Whether a fault is over; None where only trying the work can tell."""
    if fault.kind == "photos":
        try:
            run = open_run(store, fault.run_id)
            if run.finished or run.cancelled or run.stopped or not unreadable_dataset(run):
                return True
            return None if _reads_another(store, fault.run_id) else False
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
    # that of the start is taken back by the start
    return False if fault.kind == "memory" else None


def engine_mark(health_file: Path) -> Path:
    """The file that a process of the pool makes when it has loaded the face engine."""
    return health_file.with_name(f"{health_file.name}.engine")


def refused_by_broker(store: Path) -> WorkerUnfit | None:
    """What the broker says to a worker that uses everything that it needs; None where it obeys."""
    settings = load_settings()
    try:
        probe_broker(store_options(settings.broker_url, store, settings))
    except BrokerError as error:
        return WorkerUnfit("broker", error.what, error.hint)
    return None


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
