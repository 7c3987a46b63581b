"""A worker pauses while it has a fault, tries whether that is over, and goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import WorkerUnfit
from storage.worker_faults import fault_of, live_workers, read_fault, write_fault
from workers.queue import worker_health
from workers.queue.worker_health import TRIAL_SECONDS, WorkerHealth, probed, tell_fault


class Clock:
    """In place of the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(worker_health, "time", clock)
    return clock


@pytest.fixture
def health(tmp_path: Path, clock: Clock) -> Iterator[WorkerHealth]:  # noqa: ARG001 - its clock
    health = WorkerHealth(tmp_path, "images-1@host", ("images",), 1)
    health.look()
    yield health
    health.close()


def test_it_pauses_while_a_probe_fails_and_goes_on_afterwards(
    health: WorkerHealth, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = [False]
    monkeypatch.setattr(worker_health, "probed", lambda *_: over[0])
    write_fault(health.path, fault_of(WorkerUnfit("photos", "empty", "Mount it", "run")))
    for _ in range(100):
        clock.now += 1
        health.look()
        assert health.paused
    over[0] = True
    clock.now += 2
    health.look()
    assert not health.paused
    assert read_fault(health.path) is None


def test_what_cannot_be_probed_is_tried_after_a_while_and_told_until_it_works(
    health: WorkerHealth, clock: Clock
) -> None:
    write_fault(health.path, fault_of(WorkerUnfit("version", "another version", "Install it")))
    paused = []
    while read_fault(health.path):
        health.look()
        paused.append(health.paused)
        clock.now += 1
    assert paused[0]
    assert not paused[-1]
    assert paused == sorted(paused, reverse=True)
    assert TRIAL_SECONDS <= sum(paused) <= TRIAL_SECONDS + 3
    assert 2 * TRIAL_SECONDS <= len(paused) <= 2 * TRIAL_SECONDS + 5


def test_a_trial_that_fails_pauses_again(health: WorkerHealth, clock: Clock) -> None:
    fault = fault_of(WorkerUnfit("version", "another version", "Install it"))
    write_fault(health.path, fault)
    while True:
        health.look()
        if not health.paused:
            break
        clock.now += 1
    write_fault(health.path, fault_of(WorkerUnfit("version", "another version again", "Install it")))
    clock.now += 1
    health.look()
    assert health.paused


def test_a_store_that_cannot_be_written_pauses(health: WorkerHealth, clock: Clock) -> None:
    health.path.unlink()
    health.path.parent.rmdir()
    health.path.parent.touch()
    for _ in range(3):
        clock.now += 1
        health.look()
    assert health.paused
    health.path.parent.unlink()
    for _ in range(2):
        health.look()
    assert not health.paused


def test_a_worker_whose_file_was_deleted_makes_it_again(health: WorkerHealth, tmp_path: Path) -> None:
    health.path.unlink()
    for _ in range(2):
        health.look()
        assert not health.paused
    assert len(live_workers(tmp_path)) == 1


def test_a_process_of_the_pool_leaves_its_fault_in_the_file_of_its_worker(
    health: WorkerHealth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_health, "HAND_BACK_SECONDS", 0)
    monkeypatch.setenv(worker_health.VARIABLE, str(health.path))
    tell_fault(WorkerUnfit("engine", "no cache", "Set LINEUP_CACHE"))
    fault = live_workers(tmp_path)[0].fault
    assert fault is not None
    assert (fault.kind, fault.cause, fault.hint) == ("engine", "no cache", "Set LINEUP_CACHE")


def test_photos_of_a_run_that_is_gone_are_no_fault_any_more(tmp_path: Path) -> None:
    assert probed(tmp_path, fault_of(WorkerUnfit("photos", "empty", "", "no-such-run"))) is True
