"""The orchestrator's service works on every run that wants it, one fault never stops another run, and it lets go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler import full_disk, reconciler
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.service import Service
from orchestrator.scheduler.settled_runs import SettledRuns
from orchestrator.scheduler.status import Status
from storage import object_leases, object_stores
from storage.errors import StoreFull
from storage.experiments import Experiment, Protocol
from storage.object_path import ObjectPath
from storage.open_store import open_store
from storage.run_claim import claim
from storage.runs import Run
from tests.cluster import wait_for
from tests.s3 import FaultyProxy
from workers.queue.health_file import HealthFile, read_health
from workers.queue.task_names import IMAGES
from workers.synthetic.photo_folder import write_folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A broker that no worker listens to."""
    with LocalCluster(tmp_path_factory.mktemp("broker"), queues=()) as stack:
        yield stack


@pytest.fixture
def service(stack: LocalCluster, tmp_path: Path) -> Service:
    stack.broker.empty([IMAGES])
    return Service(tmp_path / "store", stack.broker, photos_per_task=1)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Two runs of four photos, named first and second."""
    write_folder(tmp_path / "people", people=2, photos=2, seed=5, side=64, processes=1)
    experiment = Experiment(configurations=("majority",), protocol=Protocol(min_photos_per_person=2))
    return [
        plan_run(tmp_path / "store", tmp_path / "people", None, experiment, name).run for name in ("first", "second")
    ]


def is_worked_on(run: Run) -> bool:
    with claim(run) as nobody:
        return not nobody


def test_every_unfinished_run_is_worked_on_side_by_side(service: Service, runs: list[Run], stack: LocalCluster) -> None:
    service.round()
    assert all(map(is_worked_on, runs))
    assert stack.broker.waiting(IMAGES) == 8


def test_a_run_that_comes_later_is_found(service: Service, runs: list[Run], tmp_path: Path) -> None:
    service.round()
    experiment = Experiment(configurations=("knn-1",), protocol=Protocol(min_photos_per_person=2))
    third = plan_run(tmp_path / "store", tmp_path / "people", None, experiment, "third").run
    service.round()
    assert all(map(is_worked_on, [*runs, third]))


def test_what_is_cancelled_or_stopped_is_left_alone_until_somebody_wants_it(service: Service, runs: list[Run]) -> None:
    runs[0].cancel()
    runs[1].stop("the disk is full")
    service.round()
    assert not any(map(is_worked_on, runs))
    for run in runs:
        run.let_go_on()
    service.round()
    assert all(map(is_worked_on, runs))


def test_a_run_that_is_cancelled_on_its_way_is_let_go(service: Service, runs: list[Run]) -> None:
    service.round()
    runs[0].cancel()
    service.round()
    assert [is_worked_on(run) for run in runs] == [False, True]


def test_another_orchestrators_run_is_taken_over_when_that_one_is_gone(service: Service, runs: list[Run]) -> None:
    with claim(runs[0]) as ours:
        assert ours
        service.round()
        assert is_worked_on(runs[1])
    assert not is_worked_on(runs[0])
    service.round()
    assert is_worked_on(runs[0])


def test_a_run_that_cannot_be_read_hides_no_other(
    service: Service, runs: list[Run], caplog: pytest.LogCaptureFixture
) -> None:
    (runs[0].folder / "run.json").write_text("{")
    with caplog.at_level(logging.INFO, "lineup.orchestrator"):
        for _ in range(3):
            service.round()
    assert is_worked_on(runs[1])
    assert sum("cannot be opened" in record.message for record in caplog.records) == 1  # said once, not each round


def test_a_bug_stops_its_run_with_a_reason_and_no_other(
    service: Service, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Reconciler.step

    def step(self: Reconciler) -> Status:
        if self.run == runs[0]:
            raise ZeroDivisionError("a bug")
        return real(self)

    monkeypatch.setattr(Reconciler, "step", step)
    service.round()
    assert runs[0].stopped == "a bug, see the orchestrator's log: ZeroDivisionError: a bug"
    assert [is_worked_on(run) for run in runs] == [False, True]


def test_a_broker_that_goes_away_is_waited_for(runs: list[Run], tmp_path: Path) -> None:
    with LocalCluster(tmp_path / "broker", queues=()) as stack:
        service = Service(tmp_path / "store", stack.broker, photos_per_task=1)
        stack.children()[0].kill()
        service.round()
        assert all(map(is_worked_on, runs))
        assert not any(run.stopped for run in runs)
        stack.restart_dead()
        stack.wait_until_answering()
        service.round()
        assert stack.broker.waiting(IMAGES) > 0


def test_a_full_disk_is_told_once_and_the_runs_go_on_when_there_is_room(
    service: Service,
    runs: list[Run],
    stack: LocalCluster,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def no_room(folder: Path) -> None:
        raise StoreFull(f"cannot write {folder}: No space left on device")

    with monkeypatch.context() as full, caplog.at_level(logging.INFO, "lineup.orchestrator"):
        full.setattr(reconciler, "check_room", no_room)
        for _ in range(3):
            service.round()
    told = [record.message for record in caplog.records if "the disk is full" in record.message]
    assert len(told) == len(runs)
    assert "No space left on device" in told[0]
    assert stack.broker.waiting(IMAGES) == 0
    monkeypatch.setattr(full_disk, "FULL_SECONDS", 0)
    service.round()
    assert stack.broker.waiting(IMAGES) == 8
    assert not any(run.stopped for run in runs)


def test_dead_processes_are_not_started_again_while_the_disk_is_full(
    service: Service, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(folder: Path) -> None:
        full_rounds.append(folder)
        if len(full_rounds) == 2 * len(runs):
            monkeypatch.undo()
        raise StoreFull("cannot write: No space left on device")

    def started_again() -> None:
        assert len(full_rounds) == 2 * len(runs)
        stop.set()

    full_rounds: list[Path] = []
    stop = threading.Event()
    monkeypatch.setattr(full_disk, "FULL_SECONDS", 0)
    monkeypatch.setattr(reconciler, "check_room", no_room)
    service.serve(stop, between=started_again)
    assert stop.is_set()


class Steps:
    """In place of a stop request: does one thing before each round, and stops after the last."""

    def __init__(self, *steps: Callable[[], None]) -> None:
        self._steps = list(steps)

    def wait(self, _seconds: float) -> bool:
        if self._steps:
            self._steps.pop(0)()
            return False
        return True

    def is_set(self) -> bool:
        return not self._steps


@pytest.mark.parametrize("lost", ["before it looks for runs", "before it opens one", "before it claims one"])
def test_a_store_that_is_away_is_told_and_waited_for(
    stack: LocalCluster,
    bucket: ObjectPath,
    faulty: FaultyProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    lost: str,
) -> None:
    monkeypatch.setattr(object_stores, "RETRY_SECONDS", 0)
    monkeypatch.setattr(object_leases, "RETRY_SECONDS", 0.1)
    store = open_store(bucket)
    write_folder(tmp_path / "people", people=2, photos=2, seed=5, side=64, processes=1)
    experiment = Experiment(configurations=("majority",), protocol=Protocol(min_photos_per_person=2))
    run = plan_run(store, tmp_path / "people", None, experiment, "first").run
    look, make = SettledRuns.unsettled, Reconciler.__init__

    def unsettled(self: SettledRuns) -> list[str]:
        found = look(self)
        faulty.closed = faulty.closed or lost == "before it opens one"
        return found

    def made(self: Reconciler, *arguments: Any) -> None:
        make(self, *arguments)
        faulty.closed = faulty.closed or lost == "before it claims one"

    def close() -> None:
        faulty.closed = True

    def answers_again() -> None:
        nonlocal lost
        assert read_health(said).why.startswith("the store is away: cannot use s3://")
        lost, faulty.closed = "", False

    def is_adopted() -> None:
        assert read_health(said).ready
        assert is_worked_on(run)
        assert not run.stopped

    said = tmp_path / "said"
    monkeypatch.setattr(SettledRuns, "unsettled", unsettled)
    monkeypatch.setattr(Reconciler, "__init__", made)
    service = Service(store, stack.broker, photos_per_task=1)
    first = close if lost == "before it looks for runs" else lambda: None
    with caplog.at_level(logging.INFO, "lineup.orchestrator"):
        service.serve(
            Steps(first, lambda: None, lambda: None, answers_again, is_adopted, close), health=HealthFile(said)
        )
    told = [record.message for record in caplog.records]
    assert any(each.startswith("the store is away: cannot use s3://") for each in told)
    assert told.count("the store answers again") == 1
    faulty.closed = False
    wait_for(lambda: not is_worked_on(run), "the end of the claim", 20)


def test_a_service_that_is_asked_to_stop_lets_all_go(service: Service, runs: list[Run]) -> None:
    stop = threading.Event()

    def between() -> None:
        assert all(map(is_worked_on, runs))
        stop.set()

    service.serve(stop, between)
    assert not any(map(is_worked_on, runs))
