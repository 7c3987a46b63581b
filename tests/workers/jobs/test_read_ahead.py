"""The photos of a task come in order, also where they are fetched before they are wanted."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from orchestrator.scheduler.work import planned_photos
from storage.errors import PhotosUnreachable
from storage.object_path import ObjectPath
from storage.runs import Run
from tests.cluster import plan
from tests.s3 import FaultyProxy
from workers.jobs import read_ahead
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.read_ahead import read_all, reading_ahead
from workers.synthetic.photo_folder import write_folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    write_folder(folder / "photos", people=2, photos=4, seed=3, side=160, processes=1)
    return folder / "photos"


@pytest.fixture(params=["folder", "bucket"])
def run(request: pytest.FixtureRequest, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Eight photos, two at a time."""
    monkeypatch.setattr(read_ahead, "CHUNK", 2)
    monkeypatch.setattr(read_ahead, "FETCHED", 2)
    if request.param == "folder":
        return plan(tmp_path / "store", drawn)
    return in_bucket(request.getfixturevalue("bucket"), drawn, tmp_path)


def in_bucket(bucket: ObjectPath, drawn: Path, tmp_path: Path) -> Run:
    for path in drawn.rglob("*.jpg"):
        (bucket / "photos" / str(path.relative_to(drawn))).put(path.read_bytes())
    return plan(tmp_path / "store", bucket / "photos")


def photos_of(run: Run) -> list[PhotoRef]:
    return [PhotoRef(*each) for each in planned_photos(run).items()]


def test_every_photo_comes_once_in_order_and_what_is_lost_is_named(run: Run) -> None:
    photos = [*photos_of(run), PhotoRef("0" * 64, "ada/none.jpg")]
    with reading_ahead(run, photos) as chunks:
        found = list(chunks)

    assert [key for read, _ in found for key, _ in read] == [photo.key for photo in photos[:-1]]
    assert [len(read) for read, _ in found] == [2, 2, 2, 2, 0]
    assert found[-1][1] == {"0" * 64: "the file is no longer there"}
    assert [pair for read, _ in found for pair in read] == read_all(run, photos)[0]


def test_large_files_of_a_folder_are_few_at_a_time(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = plan(tmp_path / "store", drawn)
    photos = photos_of(run)
    sizes = [len(data) for _, data in read_all(run, photos)[0]]
    monkeypatch.setattr(read_ahead, "FILE_BYTES", sum(sizes[:3]))
    with reading_ahead(run, photos) as chunks:
        found = list(chunks)

    assert len(found[0][0]) == 3
    assert len(found) > 2
    assert [pair for read, _ in found for pair in read] == read_all(run, photos)[0]


def test_the_next_photos_of_a_bucket_are_fetched_meanwhile_and_no_more(
    bucket: ObjectPath, drawn: Path, tmp_path: Path, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "FETCHED", 2)
    run = in_bucket(bucket, drawn, tmp_path)
    faulty.requests.clear()
    pause = threading.Event()
    with reading_ahead(run, photos_of(run)) as chunks:
        next(chunks)
        for _ in range(100):
            if len(faulty.requests) == 4:
                break
            pause.wait(0.05)
        pause.wait(0.2)
        assert len(faulty.requests) == 4


def test_a_bucket_that_does_not_answer_is_told_where_the_photos_are_wanted(
    bucket: ObjectPath, drawn: Path, tmp_path: Path, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = in_bucket(bucket, drawn, tmp_path)
    monkeypatch.setattr("storage.object_stores.RETRY_SECONDS", 0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.url)
    faulty.closed = True
    with reading_ahead(run, photos_of(run)) as chunks, pytest.raises(PhotosUnreachable):
        next(chunks)
