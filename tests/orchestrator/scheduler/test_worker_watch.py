"""Which workers can work, said in words; ages are measured on the watcher's own clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.scheduler import worker_watch
from orchestrator.scheduler.worker_watch import MOST_FAULTS, Workers, WorkerWatch, loading_fault, workers_of
from storage.read_attempts import Death
from storage.worker_faults import WorkerFault, WorkerState

GOOD = WorkerState("host", 1, "images-1@host", ("images",), 2, beat=1)
FAULT = WorkerFault("photos", "/photos is empty", "Mount it", "2026-11-26T00:00:00+00:00")
BAD = replace(GOOD, pid=2, name="images-2@host", fault=FAULT)
TRAINER = replace(GOOD, pid=3, queues=("training",))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_queue_with_able_workers_waits_for_nothing_and_names_the_unfit() -> None:
    found = workers_of([GOOD, BAD, TRAINER], "images")
    assert found == Workers(1, 2, ("images-2@host (process 2 on host): /photos is empty. Mount it",))


def test_a_queue_whose_workers_are_all_unfit_waits_and_says_why() -> None:
    found = workers_of([BAD], "images")
    assert found.able == 0
    assert found.waiting.startswith("no worker of queue images can work. images-2@host")
    assert found.waiting.endswith("/photos is empty. Mount it")


def test_a_queue_without_workers_says_how_to_start_one() -> None:
    assert "lineup worker training" in workers_of([GOOD], "training").waiting


def test_workers_with_one_fault_share_a_sentence_and_the_number_of_sentences_is_limited() -> None:
    same = [replace(BAD, pid=number) for number in range(4)]
    assert workers_of(same, "images").faults[0].startswith("images-2@host (process 0 on host) and 3 more: ")
    many = [replace(BAD, pid=number, fault=replace(FAULT, cause=f"cause {number}")) for number in range(9)]
    faults = workers_of(many, "images").faults
    assert len(faults) == MOST_FAULTS + 1
    assert faults[-1] == "and 4 other faults of workers"


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> list[WorkerState]:
    """What the store holds; a test changes it."""
    states: list[WorkerState] = []
    monkeypatch.setattr(worker_watch, "live_workers", lambda _: list(states))
    return states


def test_a_missing_worker_is_told_after_eight_seconds_and_not_while_work_gets_done(
    tmp_path: Path, states: list[WorkerState]
) -> None:
    clock = Clock()
    watch = WorkerWatch(tmp_path, clock)
    assert watch.look("images", 0).waiting == ""
    clock.now += 7
    assert watch.look("images", 0).waiting == ""
    clock.now += 2
    assert "no worker reads queue images" in watch.look("images", 0).waiting
    assert watch.look("images", 1).waiting == ""  # somebody has done something
    clock.now += 11
    assert watch.look("images", 1).waiting
    states.append(GOOD)
    clock.now += 2
    assert watch.look("images", 1) == Workers(1, 2)


def test_a_fault_is_told_at_once_and_vanishes(tmp_path: Path, states: list[WorkerState]) -> None:
    clock = Clock()
    watch = WorkerWatch(tmp_path, clock)
    states.append(BAD)
    assert "Mount it" in watch.look("images", 0).waiting
    states[:] = [replace(BAD, fault=None)]
    clock.now += 2
    assert watch.look("images", 0) == Workers(1, 2)


def test_a_worker_whose_beat_stands_still_is_silent(tmp_path: Path, states: list[WorkerState]) -> None:
    clock = Clock()
    watch = WorkerWatch(tmp_path, clock)
    for beat in range(6):
        states[:] = [replace(GOOD, beat=beat)]
        clock.now += 3
        assert watch.look("images", 0).able == 1
    clock.now += 11
    found = watch.look("images", 0)
    assert found.able == 0
    assert "writes nothing into the store" in found.waiting


def test_files_are_read_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []

    def read(store: Path) -> list[WorkerState]:
        reads.append(store)
        return []

    monkeypatch.setattr(worker_watch, "live_workers", read)
    clock = Clock()
    watch = WorkerWatch(tmp_path, clock)
    for _ in range(10):
        watch.look("images", 0)
        clock.now += 0.2
    assert len(reads) == 2


def test_processes_that_died_before_they_began_a_photo_died_while_loading(tmp_path: Path) -> None:
    loading = Death("a" * 32, (), "Fatal Python error: Illegal instruction", tmp_path, "host-1 4711")
    at_photo = replace(loading, items=("f" * 64,))
    assert loading_fault([loading, at_photo]) == ""
    told = loading_fault([loading, at_photo, replace(loading, process="host-1 4712")])
    assert "2 times on host-1: Fatal Python error: Illegal instruction" in told
