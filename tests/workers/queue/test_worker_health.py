"""A worker pauses while it has a fault, tries whether that is over, and goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import object_stores
from storage.errors import WorkerUnfit
from storage.object_path import ObjectPath
from storage.open_store import open_store
from storage.worker_faults import fault_of, live_workers, read_fault, write_fault
from tests.s3 import FaultyProxy
from workers.queue import health_file, worker_health
from workers.queue.health_file import ALIVE_SECONDS, HealthFile, read_health
from workers.queue.worker_health import CONNECTED_SECONDS, TRIAL_SECONDS, WorkerHealth, tell_fault
from workers.queue.worker_probes import PhotosProbe, engine_mark, probed


class Clock:
    """In place of the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (worker_health, health_file):
        monkeypatch.setattr(module, "time", clock)
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


def test_a_store_that_does_not_answer_pauses_until_it_does(
    bucket: ObjectPath, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_stores, "RETRY_SECONDS", 0)
    monkeypatch.setattr(worker_health, "HAND_BACK_SECONDS", 0)
    health = WorkerHealth(open_store(bucket), "images-1@host", ("images",), 1)
    monkeypatch.setenv(worker_health.VARIABLE, str(health.path))
    health.look()
    assert not health.paused
    fault = WorkerUnfit("store", "cannot use s3://", "Check the network")
    faulty.closed = True
    tell_fault(fault)  # which cannot be written now, and is logged
    health.look()
    assert health.paused
    assert probed(bucket, fault_of(fault), PhotosProbe(bucket)) is False

    faulty.closed = False
    health.look()
    assert not health.paused
    assert probed(bucket, fault_of(fault), PhotosProbe(bucket)) is True
    health.close()


def test_photos_of_a_run_that_is_gone_are_no_fault_any_more(tmp_path: Path) -> None:
    assert probed(tmp_path, fault_of(WorkerUnfit("photos", "empty", "", "no-such-run")), PhotosProbe(tmp_path)) is True


@pytest.fixture
def said(tmp_path: Path) -> Path:
    return tmp_path / "said"


def test_it_is_ready_when_it_is_connected_has_loaded_its_engine_and_has_no_fault(
    tmp_path: Path, said: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_health, "refused_by_broker", lambda _: WorkerUnfit("broker", "wrong password", "Fix it"))
    health = WorkerHealth(tmp_path / "store", "images-1@host", ("images",), 1, said)

    def look() -> str:
        clock.now += 1
        health.look()
        assert read_health(said).alive
        return read_health(said).why

    assert look() == "it is not connected with the broker"
    health.note_connection()
    assert look() == "no process has loaded the face engine yet"
    engine_mark(said).touch()
    assert look() == ""
    assert read_health(said).ready
    write_fault(health.path, fault_of(WorkerUnfit("version", "another version", "Install it")))
    assert look() == "another version. Install it"
    write_fault(health.path, None)
    assert look() == ""
    clock.now += CONNECTED_SECONDS
    assert look() == "wrong password. Fix it"
    assert not health.paused  # nothing comes; when it is back, work goes on at once
    (state,) = live_workers(tmp_path / "store")
    assert state.fault is not None
    assert (state.fault.kind, state.fault.cause) == ("broker", "wrong password")
    health.note_connection()
    look()
    assert look() == ""
    health.close()


def test_a_service_that_says_nothing_any_more_is_not_alive(said: Path, clock: Clock) -> None:
    assert not read_health(said).alive
    file = HealthFile(said)
    file.say()
    assert read_health(said).ready
    clock.now += ALIVE_SECONDS + 1
    assert not read_health(said).alive
    file.say()
    said.write_text('{"time": "now"}')
    assert not read_health(said).alive


def test_without_a_file_nothing_is_said(clock: Clock) -> None:  # noqa: ARG001
    HealthFile(None).say("never")
