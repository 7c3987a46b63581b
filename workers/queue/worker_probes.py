"""What a worker tries in its environment: photos, broker, disk, the face engine."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from storage.errors import BrokerError, LineupError, PhotosUnreachable, RunNotFound, StoreError, WorkerUnfit
from storage.free_space import probe
from storage.object_path import ObjectPath
from storage.runs import Run, list_runs, open_run
from storage.store_id import store_id
from storage.worker_faults import WorkerFault
from workers.faces.models.model_cache import cache_folder
from workers.jobs.catalogued_file import PHOTOS_HINT, dataset_of, unreadable_dataset
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
        self._own: WorkerUnfit | None = None

    def look(self) -> WorkerUnfit | None:
        """The fault where this worker has none of the photos of any unfinished run."""
        now = time.monotonic()
        if self._store is None or now - self._looked < PHOTOS_SECONDS:
            return None
        self._looked, self._own = now, None
        runs = list(_unfinished_runs(self._store, self._ended))
        if any(run.run_id in self._readable for run in runs):
            return None
        first: WorkerUnfit | None = None
        for unfit in self._faults(runs, set()):
            if unfit is None:
                return None
            first = first or unfit
        self._own = first
        return first

    def is_over(self, fault: WorkerFault) -> bool | None:
        """Whether a fault of kind photos is over; None where only trying the work can tell.

        Where another run can be read, what `look` said itself is over. What a message met is not known to be: trying
        again for a while is then the only way to go on with the other run.

        Raises:
            RunNotFound: nobody waits for these photos any more.
            StoreError: the store cannot be read.
        """
        if self._store is None:
            return None
        away: set[str] = set()
        run = open_run(self._store, fault.run_id)
        if run.finished or run.cancelled or run.stopped or None in self._faults([run], away):
            return True
        self._ended.clear()  # one of them may have been resumed
        others = [each for each in _unfinished_runs(self._store, self._ended) if each.run_id != run.run_id]
        others.sort(key=lambda each: each.run_id not in self._readable)  # those that were readable are read first
        if None not in self._faults(others, away):
            return False
        own, self._own = self._own, None
        return True if own and own.run_id == fault.run_id and own.what.startswith(fault.cause) else None

    def _faults(self, runs: Iterable[Run], away: set[str]) -> Iterator[WorkerUnfit | None]:
        """What keeps this worker from reading the photos of each run; None where nothing does.

        Args:
            away: buckets that do not answer, which takes half a minute to find out: they are asked once.
        """
        for run in runs:
            dataset = dataset_of(run)
            if isinstance(dataset, ObjectPath) and dataset.bucket in away:
                continue
            try:
                why, hint = unreadable_dataset(run), PHOTOS_HINT
            except PhotosUnreachable as error:
                away.add(dataset.bucket if isinstance(dataset, ObjectPath) else "")
                why, hint = error.what, error.hint
            except LineupError:  # such a run is told by who opens it for its work
                continue
            (self._readable.discard if why else self._readable.add)(run.run_id)
            yield WorkerUnfit("photos", why, hint, run.run_id) if why else None


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


def probed(store: Path, fault: WorkerFault, photos: PhotosProbe) -> bool | None:
    """Whether a fault is over; None where only trying the work can tell."""
    if fault.kind == "photos":
        try:
            return photos.is_over(fault)
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
    return False if fault.kind in ("memory", "device") else None


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
