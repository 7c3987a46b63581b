"""Who decides about a photo that a worker could not read: the orchestrator if it can look, or several workers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.scheduler import photo_judge
from orchestrator.scheduler.photo_judge import PhotoJudge
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.work import planned_photos
from storage.experiments import Experiment
from storage.handed_back import read_notes, write_note
from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import FACES
from workers.faces.refusal import Refusal
from workers.synthetic.photo_folder import write_folder

CAUSE = "the file cannot be read: Stale file handle"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Two people, four photos of each."""
    write_folder(tmp_path / "people", people=2, photos=4, seed=5, side=64, processes=1)
    return plan_run(tmp_path / "store", tmp_path / "people", None, Experiment()).run


@pytest.fixture
def photos(run: Run) -> dict[str, str]:
    return planned_photos(run)


def failed(run: Run) -> dict[str, str]:
    rows = read_parts(list_parts(run.failures), FACES).to_pylist()
    assert {row["outcome"] for row in rows} <= {"unreadable"}
    return {row["photo_key"]: row["reason"] for row in rows}


def note_of(run: Run, keys: list[str], pid: int) -> None:
    """A note of another process."""
    write_note(run, dict.fromkeys(keys, CAUSE))
    (note,) = read_notes(run)
    note.path.write_text(json.dumps({"host": "far", "pid": pid, "photos": dict.fromkeys(keys, CAUSE)}))


def test_a_photo_that_the_orchestrator_can_read_is_sent_again_and_the_worker_is_named(
    run: Run, photos: dict[str, str]
) -> None:
    key, *_ = photos
    judge = PhotoJudge(run, photos)
    note_of(run, [key], 1)
    assert judge.look(()) == judge.alone == {key}
    (fault,) = judge.faults
    assert "a worker on far cannot read ada/ada-001.jpg, which the orchestrator can" in fault
    assert failed(run) == {}
    assert read_notes(run) == []


def test_it_waits_longer_each_time_before_it_is_sent_again(run: Run, photos: dict[str, str]) -> None:
    key, *_ = photos
    now = [0.0]
    judge = PhotoJudge(run, photos, lambda: now[0])
    waits = []
    for number in range(9):
        note_of(run, [key], number)
        judge.look(())
        before = now[0]
        while judge.due != {key}:
            now[0] += 0.5
        waits.append(now[0] - before)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert failed(run) == {}


def test_once_it_is_done_nothing_is_left_of_it(run: Run, photos: dict[str, str]) -> None:
    key, *_ = photos
    judge = PhotoJudge(run, photos)
    note_of(run, [key], 1)
    judge.look(())
    assert judge.look({key}) == judge.alone == set()
    assert judge.faults == ()


def test_a_photo_that_the_orchestrator_cannot_read_either_is_unreadable_for_its_own_reason(
    run: Run, photos: dict[str, str]
) -> None:
    key, *_ = photos
    (Path(run.plan.dataset) / photos[key]).unlink()
    judge = PhotoJudge(run, photos)
    note_of(run, [key], 1)
    assert judge.look(()) == set()
    assert failed(run) == {key: "the file is no longer there"}


def test_an_orchestrator_that_sees_no_photo_at_all_believes_two_processes_and_not_one(
    run: Run, photos: dict[str, str]
) -> None:
    key, *_ = photos
    shutil.rmtree(run.plan.dataset)
    judge = PhotoJudge(run, photos)
    for _ in range(2):
        note_of(run, [key], 1)
        assert judge.look(()) == {key}
    assert failed(run) == {}
    note_of(run, [key], 2)
    assert judge.look(()) == set()
    assert failed(run) == {key: CAUSE}


def test_a_single_process_is_believed_when_it_has_tried_more_often_than_attempts_allow(
    run: Run, photos: dict[str, str]
) -> None:
    key, *_ = photos
    shutil.rmtree(run.plan.dataset)
    judge = PhotoJudge(run, photos)
    for _ in range(run.plan.experiment.attempts):
        note_of(run, [key], 1)
        judge.look(())
    assert failed(run) == {}
    note_of(run, [key], 1)
    judge.look(())
    assert failed(run) == {key: CAUSE}


@pytest.mark.parametrize("comes_back", [False, True])
def test_photos_are_not_given_up_when_the_mount_drops_while_they_are_looked_at(
    run: Run, photos: dict[str, str], monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    dropped = False
    reads = 0

    def read(*_: object) -> bytes | Refusal:
        nonlocal dropped, reads
        reads += 1
        dropped = reads > 2 and not (comes_back and reads > len(photos))
        return Refusal("unreadable", "no longer there") if dropped else b""

    monkeypatch.setattr(photo_judge, "read_catalogued", read)
    judge = PhotoJudge(run, photos)
    note_of(run, list(photos), 1)
    assert judge.look(()) == set(photos)
    assert failed(run) == {}


def test_keys_that_are_not_of_the_run_are_ignored(run: Run, photos: dict[str, str]) -> None:
    judge = PhotoJudge(run, photos)
    note_of(run, ["0" * 64], 1)
    assert judge.look(()) == set()
    assert failed(run) == {}
