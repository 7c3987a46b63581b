"""What a task does with a message that this worker cannot do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.exceptions import Ignore, Reject

from orchestrator.maintenance.remove_run import remove_run
from orchestrator.scheduler.work import planned_photos
from storage import object_stores
from storage.object_path import ObjectPath
from storage.open_store import open_store
from storage.runs import Run
from storage.worker_faults import read_fault, write_fault
from tests.cluster import plan
from tests.s3 import FaultyProxy
from workers.queue import tasks, worker_health
from workers.queue.environment import Settings
from workers.queue.worker_health import WorkerHealth
from workers.queue.worker_probes import PhotosProbe, probed
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(object_stores, "RETRY_SECONDS", 0)
    monkeypatch.setattr(worker_health, "HAND_BACK_SECONDS", 0)
    monkeypatch.setattr(tasks, "load_settings", lambda: Settings(store=tmp_path / "store"))
    return open_store(tmp_path / "store")


@pytest.fixture
def run(store: Path, bucket: ObjectPath, faulty: FaultyProxy, tmp_path: Path) -> Run:
    """Its photos are in a bucket behind a proxy, the store is a folder."""
    assert faulty.url
    write_folder(tmp_path / "faces", people=2, photos=4, seed=3, side=160, processes=1)
    for path in (tmp_path / "faces").rglob("*.jpg"):
        (bucket / "photos" / str(path.relative_to(tmp_path / "faces"))).put(path.read_bytes())
    return plan(store, bucket / "photos")


@pytest.fixture
def health(store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerHealth]:
    health = WorkerHealth(store, "images-1@host", ("images",), 1)
    health.look()
    monkeypatch.setenv(worker_health.VARIABLE, str(health.path))
    yield health
    health.close()


def test_a_bucket_of_photos_that_is_away_pauses_the_worker_though_its_store_answers(
    run: Run, faulty: FaultyProxy, health: WorkerHealth
) -> None:
    faulty.closed = True
    with pytest.raises(Reject):
        tasks.encode_photos_task.run(run.run_id, list(planned_photos(run)))
    fault = read_fault(health.path)
    assert fault is not None
    assert (fault.kind, fault.run_id) == ("photos", run.run_id)
    assert fault.cause.startswith(f"cannot use {run.plan.dataset}/")
    assert probed(run.store, fault, PhotosProbe(run.store)) is False
    health.look()
    assert health.paused

    faulty.closed = False
    assert probed(run.store, fault, PhotosProbe(run.store)) is True
    write_fault(health.path, None)
    health.look()
    assert not health.paused


def test_a_message_of_a_removed_run_is_dropped_and_writes_nothing(store: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "faces", people=2, photos=4, seed=3, side=160, processes=1)
    run = plan(store, tmp_path / "faces")
    keys = list(planned_photos(run))
    first, *others = keys
    tasks.encode_photos_task.run(run.run_id, [first])  # its plan is in memory from here on
    encoded = list(run.encodings.rglob("*.parquet"))
    remove_run(run)
    for task in (tasks.encode_photos_task, tasks.embed_faces_task):
        with pytest.raises(Ignore):
            task.run(run.run_id, others)
    assert list(run.encodings.rglob("*.parquet")) == encoded
    assert not run.folder.exists()
