"""What keeps a run from going on is added to its status, and taken away when it is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.scheduler import run_faults
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.run_faults import RunFaults
from orchestrator.scheduler.status import Status
from storage.errors import BrokerError, StoreError
from storage.experiments import Experiment
from storage.read_attempts import Death
from storage.runs import Run
from storage.worker_faults import WorkerFile
from workers.synthetic.photo_folder import write_folder

HALF = Status("run", "running", "images", 2, 4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    write_folder(folder / "people", people=2, photos=4, seed=5, side=64, processes=1)
    return plan_run(folder / "store", folder / "people", None, Experiment()).run


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def faults(run: Run, now: list[float]) -> RunFaults:
    return RunFaults(run, lambda: now[0])


def test_a_stage_of_the_orchestrators_own_needs_no_worker(faults: RunFaults, now: list[float]) -> None:
    faults.tell(Status("run", "running", "splits"))
    now[0] += 100
    assert faults.tell(Status("run", "running", "splits")).waiting == ""


def test_a_broker_that_is_gone_for_a_moment_is_not_told_and_one_that_stays_away_is(
    faults: RunFaults, now: list[float]
) -> None:
    faults.tell(HALF)
    error = BrokerError("the broker does not answer", "Start it")
    assert faults.without_broker(error) == HALF
    now[0] += 4
    assert faults.without_broker(error).waiting == "the broker does not answer. Start it"
    assert faults.tell(HALF).waiting == ""
    assert faults.without_broker(error).waiting == ""


def test_deaths_while_loading_are_told_until_something_is_done(run: Run, faults: RunFaults, tmp_path: Path) -> None:
    worker = WorkerFile(run.store / "workers" / "one.worker", "images-1@host", ("images",), 1)
    deaths = [Death("a" * 32, (), "", tmp_path, "host 1")] * 2
    told = faults.tell(HALF, deaths)
    assert "died while it loaded the face engine" in told.waiting
    assert told.faults == (told.waiting,)
    assert faults.tell(Status("run", "running", "images", 3, 4), deaths).faults == ()
    worker.close()


def test_photos_that_only_workers_cannot_read_keep_a_run_waiting_where_nothing_else_is_left(
    run: Run, faults: RunFaults
) -> None:
    worker = WorkerFile(run.store / "workers" / "one.worker", "images-1@host", ("images",), 1)
    assert faults.tell(HALF, photos=["a worker cannot read"], left=1).waiting == ""
    assert faults.tell(HALF, photos=["a worker cannot read"], left=0).waiting == "a worker cannot read"
    worker.close()


def test_a_store_that_cannot_be_written_is_an_error_while_the_run_waits_for_workers(
    faults: RunFaults, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise StoreError("cannot write: Read-only file system")

    monkeypatch.setattr(run_faults, "probe", refuse)
    faults.tell(HALF)
    now[0] += 11
    with pytest.raises(StoreError, match="Read-only"):
        faults.tell(HALF)
