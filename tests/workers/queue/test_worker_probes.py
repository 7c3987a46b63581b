"""A worker compares the photos of unfinished runs with what is catalogued before any message comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import object_stores
from storage.errors import WorkerUnfit
from storage.object_path import ObjectPath
from storage.runs import Run
from storage.worker_faults import fault_of
from tests.cluster import plan
from tests.s3 import FaultyProxy
from workers.queue import worker_probes
from workers.queue.worker_probes import PhotosProbe, probed
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight photos."""
    write_folder(tmp_path / "faces", people=2, photos=4, seed=3, side=160, processes=1)
    return tmp_path / "faces"


@pytest.fixture
def run(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(worker_probes, "PHOTOS_SECONDS", 0.0)
    return plan(tmp_path / "store", photos)


def test_photos_that_are_there_are_compared_once(run: Run, photos: Path) -> None:
    probe = PhotosProbe(run.store)
    assert probe.look() is None
    photos.rename(photos.with_name("gone"))
    assert probe.look() is None
    assert PhotosProbe(run.store).look() is not None


@pytest.mark.parametrize("mount", ["nothing", "an empty folder", "other photos of the same names"])
def test_a_wrong_mount_is_a_fault_until_it_is_right(run: Run, photos: Path, mount: str) -> None:
    right = photos.rename(photos.with_name("right"))
    if mount == "an empty folder":
        photos.mkdir()
    elif mount == "other photos of the same names":
        write_folder(photos, people=2, photos=4, seed=9, side=160, processes=1)
    probe = PhotosProbe(run.store)
    unfit = probe.look()
    assert unfit is not None
    assert (unfit.kind, unfit.run_id) == ("photos", run.run_id)
    assert "has none of the catalogued photos" in unfit.what
    fault = fault_of(unfit)
    assert probed(run.store, fault, PhotosProbe(run.store)) is False
    if photos.exists():
        photos.rename(photos.with_name("wrong"))
    right.rename(photos)
    assert probed(run.store, fault, PhotosProbe(run.store)) is True
    assert probe.look() is None


def test_photos_that_nobody_waits_for_are_no_fault(run: Run, photos: Path) -> None:
    photos.rename(photos.with_name("gone"))
    assert PhotosProbe(None).look() is None  # a worker for trainings
    run.cancel()
    assert PhotosProbe(run.store).look() is None


def test_a_run_left_behind_by_its_photos_stops_no_other(run: Run, photos: Path, tmp_path: Path) -> None:
    probe = PhotosProbe(run.store)
    photos.rename(photos.with_name("gone"))
    left = probe.look()
    assert left is not None
    write_folder(tmp_path / "others", people=2, photos=4, seed=5, side=160, processes=1)
    other = plan(run.store, tmp_path / "others")
    assert other.run_id != run.run_id
    assert PhotosProbe(run.store).look() is None
    assert probed(run.store, fault_of(left), probe) is True
    # the same words, of a message that was handed back: only trying the work can tell, and the other run goes on
    assert probed(run.store, fault_of(left), probe) is None
    other.cancel()
    assert probed(run.store, fault_of(left), probe) is False
    other.let_go_on()
    assert probed(run.store, fault_of(left), probe) is None


def test_what_was_readable_is_read_again_before_a_fault_is_taken_back(run: Run, photos: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "others", people=2, photos=4, seed=5, side=160, processes=1)
    other = plan(run.store, tmp_path / "others")
    probe = PhotosProbe(run.store)
    assert probe.look() is None
    fault = fault_of(WorkerUnfit("photos", "none of them", "Mount them", run.run_id))
    for folder in (photos, tmp_path / "others"):
        folder.rename(folder.with_name(f"no {folder.name}"))
    assert probed(run.store, fault, probe) is False
    unfit = probe.look()
    assert unfit is not None
    assert unfit.run_id == other.run_id


def test_a_bucket_that_is_away_is_a_fault_and_is_asked_once(
    bucket: ObjectPath, faulty: FaultyProxy, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_stores, "RETRY_SECONDS", 0)
    monkeypatch.setattr(worker_probes, "PHOTOS_SECONDS", 0.0)
    for path in photos.rglob("*.jpg"):
        (bucket / "photos" / str(path.relative_to(photos))).put(path.read_bytes())
    for seed in (1, 2, 3):
        run = plan(tmp_path / "store", bucket / "photos", seed=seed)
    probe = PhotosProbe(run.store)
    faulty.closed, before = True, len(faulty.requests)
    unfit = probe.look()
    assert unfit is not None
    assert (unfit.kind, unfit.run_id) == ("photos", run.run_id)
    once = len(faulty.requests) - before
    assert probed(run.store, fault_of(unfit), probe) is False
    assert len(faulty.requests) - before == 2 * once
    faulty.closed = False
    assert probed(run.store, fault_of(unfit), probe) is True
    assert probe.look() is None
