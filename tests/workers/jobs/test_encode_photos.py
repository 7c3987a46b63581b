"""A batch of photos, encoded in this process: done once, and a death counts against the photo that caused it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.scheduler.photo_judge import PhotoJudge
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.work import planned_photos
from storage.attempts import Attempt
from storage.engine_settings import EngineSettings
from storage.errors import EngineError, WorkerUnfit
from storage.handed_back import read_notes
from storage.parts import list_parts, part_path, read_part, read_parts
from storage.read_attempts import read_attempts
from storage.runs import Run, open_run
from storage.schemas import EFFORTS, FACES
from workers.faces.decode import guarded_reader
from workers.faces.decode.guarded_reader import GuardedReader
from workers.faces.engine import FaceEngine, load_engine
from workers.jobs import encode_photos
from workers.jobs.encode_photos import encode
from workers.jobs.job import Refused
from workers.jobs.part_names import photos_part
from workers.jobs.photo_ref import PhotoRef
from workers.synthetic.photo_folder import write_folder

ATTEMPTS = 2


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two photos of each."""
    folder = tmp_path_factory.mktemp("drawn") / "people"
    write_folder(folder, people=2, photos=2, seed=5, side=160, processes=1)
    return folder


@pytest.fixture
def run(drawn: Path, tmp_path: Path) -> Run:
    """The plan of a run of a copy of them."""
    photos = Path(shutil.copytree(drawn, tmp_path / "people"))
    experiment = from_dict(
        {"configurations": ["knn-1"], "attempts": ATTEMPTS, "protocol": {"min_photos_per_person": 2}}
    )
    return plan_run(tmp_path / "store", photos, None, experiment).run


@pytest.fixture
def photos(run: Run) -> list[PhotoRef]:
    return [PhotoRef(*each) for each in planned_photos(run).items()]


def encoded(run: Run) -> dict[str, list[str]]:
    """The photos of each part."""
    found = {}
    for path in list_parts(run.encodings / "faces"):
        table = read_part(path, FACES)
        assert table is not None
        found[path.stem] = table.column("photo_key").to_pylist()
    return found


def failed(run: Run) -> dict[str, tuple[str, str]]:
    """photo_key to (outcome, reason) of the failures of this run."""
    rows = read_parts(list_parts(run.failures), FACES).to_pylist()
    return {row["photo_key"]: (row["outcome"], row["reason"]) for row in rows}


def die_at(run: Run, *photos: PhotoRef, words: str = "") -> None:
    """What a process leaves that dies while it is at these photos."""
    with Attempt(run.attempts, photos_part(run.plan.engine_fingerprint, [photo.key for photo in photos])) as attempt:
        text = attempt.path.read_text() + "".join(f"{photo.key}\n" for photo in photos) + words
    attempt.path.write_text(text)


def test_a_batch_becomes_one_part_and_its_cost_another(run: Run, photos: list[PhotoRef]) -> None:
    encode(run, photos)
    name = photos_part(run.plan.engine_fingerprint, [photo.key for photo in photos])
    assert {part: sorted(keys) for part, keys in encoded(run).items()} == {name: sorted(each.key for each in photos)}
    efforts = read_part(part_path(run.encodings / "efforts", name), EFFORTS)
    assert efforts is not None
    assert efforts.column("attempt").to_pylist() == [1] * len(photos)
    assert read_attempts(run.attempts) == (set(), [])
    assert failed(run) == {}


def test_a_batch_that_comes_again_is_not_encoded_again(run: Run, photos: list[PhotoRef]) -> None:
    encode(run, photos)
    before = {path: path.stat().st_mtime_ns for path in run.encodings.rglob("*.parquet")}
    encode(run, photos)
    assert {path: path.stat().st_mtime_ns for path in run.encodings.rglob("*.parquet")} == before


def test_what_happened_to_a_file_is_handed_back_and_the_orchestrator_makes_it_a_failure_of_this_run_only(
    run: Run, photos: list[PhotoRef], tmp_path: Path
) -> None:
    gone, changed, linked, good = (Path(run.plan.dataset) / photo.path for photo in photos)
    gone.unlink()
    changed.write_bytes(good.read_bytes())
    outside = tmp_path / "outside.jpg"
    linked.rename(outside)
    linked.symlink_to(outside)
    encode(run, photos)
    assert failed(run) == {}
    assert PhotoJudge(run, planned_photos(run)).look(()) == set()
    assert {key: reason for key, (outcome, reason) in failed(run).items() if outcome == "unreadable"} == {
        photos[0].key: "the file is no longer there",
        photos[1].key: "the file has changed since it was catalogued",
        photos[2].key: "the file has become a link that leads out of the dataset",
    }
    assert list(encoded(run).values()) == [[photos[3].key]]


def lose(dataset: Path, how: str) -> None:
    """Make every photo of a dataset unreadable from here."""
    kept = Path(shutil.move(dataset, f"{dataset}-kept"))
    if how == "a link to itself":
        dataset.symlink_to(dataset)
    elif how == "an empty mount":
        dataset.mkdir()
    elif how == "another dataset":
        for photo in kept.rglob("*.jpg"):
            other = dataset / photo.relative_to(kept)
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_bytes(b"another photo")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("a link to itself", "none of the catalogued photos: the file cannot be read: (Symlink loop|Too many levels)"),
        ("no folder", "none of the catalogued photos: the file is no longer there"),
        ("an empty mount", "none of the catalogued photos: the file is no longer there"),
        ("another dataset", "none of the catalogued photos: the file has changed"),
    ],
)
@pytest.mark.parametrize("together", [1, 4])
def test_a_worker_that_can_read_no_photo_of_a_dataset_is_unfit_and_no_photo_is_judged(
    run: Run, photos: list[PhotoRef], how: str, why: str, together: int
) -> None:
    lose(Path(run.plan.dataset), how)
    with pytest.raises(WorkerUnfit, match=why) as error:
        encode(run, photos[:together])
    assert (error.value.kind, error.value.run_id) == ("photos", run.run_id)
    assert read_notes(run) == []
    assert failed(run) == {}
    assert read_attempts(run.attempts) == (set(), [])


@pytest.mark.parametrize(
    "why",
    [
        EngineError("the cache cannot be written", "Set LINEUP_CACHE"),
        PermissionError(13, "Permission denied"),
        ImportError("libGL.so.1: cannot open shared object file"),
    ],
)
def test_an_engine_that_does_not_load_is_the_workers_fault(
    run: Run, photos: list[PhotoRef], monkeypatch: pytest.MonkeyPatch, why: Exception
) -> None:
    def load(_: object) -> None:
        raise why

    monkeypatch.setattr(encode_photos, "load_engine", load)
    with pytest.raises(WorkerUnfit, match="LINEUP_CACHE") as error:
        encode(run, photos)
    assert error.value.kind == "engine"
    assert str(getattr(why, "what", why)) in error.value.what
    assert failed(run) == {}
    assert read_attempts(run.attempts) == (set(), [])


def test_photos_are_handed_back_where_the_process_that_reads_them_cannot_work(
    run: Run, photos: list[PhotoRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    broken = "import os, sys\nif 'workers.faces.decode.reader_process' in sys.orig_argv:\n    os._exit(3)\n"
    (folder / "sitecustomize.py").write_text(broken)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(guarded_reader, "_reader", GuardedReader())
    with pytest.raises(WorkerUnfit, match="cannot work: exit code 3") as error:
        encode(run, photos)
    assert error.value.kind == "engine"
    assert (encoded(run), failed(run), read_attempts(run.attempts)) == ({}, {}, (set(), []))


@pytest.mark.parametrize("unreadable", [False, True])
def test_of_a_run_that_is_removed_meanwhile_nothing_is_written(
    run: Run, photos: list[PhotoRef], monkeypatch: pytest.MonkeyPatch, unreadable: bool
) -> None:
    def load(settings: EngineSettings) -> FaceEngine:
        if unreadable:  # it would be handed back
            (Path(run.plan.dataset) / photos[0].path).unlink()
        shutil.rmtree(run.folder)
        return load_engine(settings)

    monkeypatch.setattr(encode_photos, "load_engine", load)
    with pytest.raises(Refused, match=f"{run.run_id} was removed"):
        encode(run, photos)
    assert [path for path in run.store.rglob("*.parquet") if "known_files" not in path.parts] == []
    assert not run.folder.exists()


def test_a_photo_that_a_process_died_at_is_tried_alone_and_the_others_in_one_batch(
    run: Run, photos: list[PhotoRef]
) -> None:
    die_at(run, photos[0], photos[1])
    encode(run, photos)
    assert sorted(map(sorted, encoded(run).values())) == sorted(
        [[photos[0].key], [photos[1].key], sorted(photo.key for photo in photos[2:])]
    )
    assert failed(run) == {}


@pytest.mark.parametrize(
    ("words", "outcome", "reason"),
    [
        ("", "poisoned", "its process died 2 times"),
        ("Fatal Python error: Segmentation fault\n", "poisoned", "its process died 2 times: Segmentation fault"),
        ("Raised MemoryError: \n", "poisoned", "its process died 2 times: MemoryError"),
        ("Timeout (0:01:00)!\n", "timed_out", "no answer within 60 s, 2 attempts"),
    ],
)
def test_a_photo_that_was_alone_at_the_last_death_is_given_up_with_its_last_words(
    run: Run, photos: list[PhotoRef], words: str, outcome: str, reason: str
) -> None:
    for _ in range(ATTEMPTS):
        die_at(run, photos[0], words=words)
    encode(run, photos)
    assert failed(run) == {photos[0].key: (outcome, reason)}
    assert sorted(key for keys in encoded(run).values() for key in keys) == sorted(each.key for each in photos[1:])


def test_a_photo_is_given_up_only_after_a_process_died_at_it_alone(run: Run, photos: list[PhotoRef]) -> None:
    for _ in range(ATTEMPTS + 1):
        die_at(run, *photos)
    encode(run, photos)
    assert failed(run) == {}
    assert sorted(len(keys) for keys in encoded(run).values()) == [1] * len(photos)


def test_a_photo_that_another_process_is_encoding_is_left_to_it(run: Run, photos: list[PhotoRef]) -> None:
    with Attempt(run.attempts, "0" * 32) as other:
        other.begin(photos[0].key, 60)
        encode(run, photos[:2])
        assert list(encoded(run).values()) == [[photos[1].key]]


def test_a_cancelled_run_and_one_whose_stage_is_closed_begin_nothing(run: Run, photos: list[PhotoRef]) -> None:
    run.cancel()
    encode(run, photos)
    run.let_go_on()
    run.faces.write_bytes(b"")
    encode(run, photos)
    assert encoded(run) == {}


def test_another_version_of_the_engine_is_refused(run: Run, photos: list[PhotoRef]) -> None:
    (run.folder / "run.json").write_text(json.dumps({**asdict(run.plan), "engine_fingerprint": "0" * 32}))
    with pytest.raises(Refused, match="another version of the face engine"):
        encode(open_run(run.folder.parents[1], run.run_id), photos)
