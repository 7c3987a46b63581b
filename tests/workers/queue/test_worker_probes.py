"""A worker compares the photos of unfinished runs with what is catalogued before any message comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.runs import Run
from storage.worker_faults import fault_of
from tests.cluster import plan
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
    assert probed(run.store, fault) is False
    if photos.exists():
        photos.rename(photos.with_name("wrong"))
    right.rename(photos)
    assert probed(run.store, fault) is True
    assert probe.look() is None


def test_photos_that_nobody_waits_for_are_no_fault(run: Run, photos: Path) -> None:
    photos.rename(photos.with_name("gone"))
    assert PhotosProbe(None).look() is None  # a worker for trainings
    run.cancel()
    assert PhotosProbe(run.store).look() is None


def test_a_run_left_behind_by_its_photos_stops_no_other(run: Run, photos: Path, tmp_path: Path) -> None:
    unfit = PhotosProbe(run.store)
    photos.rename(photos.with_name("gone"))
    left = unfit.look()
    assert left is not None
    write_folder(tmp_path / "others", people=2, photos=4, seed=5, side=160, processes=1)
    other = plan(run.store, tmp_path / "others")
    assert other.run_id != run.run_id
    assert PhotosProbe(run.store).look() is None
    assert probed(run.store, fault_of(left)) is None  # only trying the work can tell: the worker goes on with the other
    other.cancel()
    assert probed(run.store, fault_of(left)) is False
