"""A worker that has other versions than the plan notes is named; one that has the same is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.maintenance.diagnose_workers import differences_of_workers
from orchestrator.maintenance.diagnosis import WARNING
from orchestrator.scheduler.differing_workers import differing_workers
from orchestrator.scheduler.planning import plan_run
from storage.experiments import Experiment
from storage.runs import Run
from storage.worker_faults import MOST_ENVIRONMENT, WorkerFile, WorkerState, live_workers
from workers.numeric_environment import environment_here, environment_of, environment_text, numeric_environment
from workers.queue.worker_health import WorkerHealth
from workers.synthetic.photo_folder import write_folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("planned")
    write_folder(folder / "faces", 2, 4, seed=3, side=64)
    return plan_run(folder / "store", folder / "faces", None, Experiment()).run


def state(**versions: str) -> WorkerState:
    return WorkerState("host", 7, "images-1@host", ("images",), 1, environment=environment_text(versions))


def test_a_worker_of_the_planning_machine_does_not_differ(run: Run) -> None:
    assert differing_workers(run.plan, [state(**environment_here())]) == []
    assert run.plan.versions.keys() >= {"numpy", "scipy", "onnxruntime", "processor"}


def test_one_that_differs_is_named_with_what_it_has_and_what_was_planned(run: Run) -> None:
    plan = replace(run.plan, versions={"python": "3.11.4", "numpy": "2.4.1", "instructions": "avx2 fma"})
    same = state(python="3.11", numpy="2.4.1", keras="9")
    other = state(python="3.12", numpy="2.5.0", instructions="avx2 avx512f fma")
    (sentence,) = differing_workers(plan, [same, other, replace(other, environment="")])
    assert sentence == (
        "images-1@host (process 7 on host) differs from the plan: numpy 2.5.0 instead of 2.4.1, python 3.12 instead of "
        "3.11, other instructions (avx512f / none of these). Scores may differ by rounding"
    )


def test_a_worker_tells_the_store_its_environment(tmp_path: Path) -> None:
    health = WorkerHealth(tmp_path, "images-1@host", ("training",), 1)
    health.look()
    (found,) = live_workers(tmp_path)
    health.close()
    assert environment_of(found.environment) == environment_here()
    assert len(numeric_environment()) <= MOST_ENVIRONMENT


def test_doctor_warns_of_a_living_worker_that_differs(run: Run) -> None:
    path = run.store / "workers" / "one.worker"
    worker = WorkerFile(path, "images-1@host", ("images",), 1, environment_text({"numpy": "0.1"}))
    try:
        (found,) = differences_of_workers(run)
    finally:
        worker.close()
    assert found.state == WARNING
    assert "images-1@host" in found.what
    assert "numpy 0.1 instead of" in found.what
    assert [*differences_of_workers(run)] == []


def test_an_environment_that_is_too_long_is_not_told(tmp_path: Path) -> None:
    worker = WorkerFile(tmp_path / "workers" / "one.worker", "one", ("images",), 1, "x" * (MOST_ENVIRONMENT + 1))
    (found,) = live_workers(tmp_path)
    worker.close()
    assert found.environment == ""
