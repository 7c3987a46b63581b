"""The status of a run tells what is being trained."""

from __future__ import annotations

import shutil

import pytest

from orchestrator.scheduler.status import status_of
from storage.attempts import Attempt
from storage.runs import Run, open_run
from storage.schemas import SPLITS
from storage.tables import read_table
from tests.tiny_run import tiny_run
from workers.jobs.planned_trainings import planned_trainings


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose faces are split, and none of whose configurations is trained."""
    run = tiny_run(tmp_path_factory.mktemp("untrained"))
    for path in (run.scores, run.fits, run.folder / "model", run.report):
        shutil.rmtree(path, ignore_errors=True)
    run.comparison.unlink()
    return open_run(run.store, run.run_id)


def test_the_configurations_that_living_processes_train_are_named(untrained: Run) -> None:
    trainings = planned_trainings(untrained, read_table(untrained.splits, SPLITS))
    assert status_of(untrained).stage == "training"
    assert status_of(untrained).now == ""
    (first, one), (second, other), *_ = trainings.items()
    with Attempt(untrained.attempts, first), Attempt(untrained.attempts, second):
        assert status_of(untrained).now == f"{one[0]}, {other[0]}"
    assert status_of(untrained).now == ""


def test_a_network_in_training_is_told_with_its_epoch(untrained: Run) -> None:
    trainings = planned_trainings(untrained, read_table(untrained.splits, SPLITS))
    (first, (name, _, _)), *_ = trainings.items()
    with Attempt(untrained.attempts, first) as attempt:
        attempt.tell("epoch 1/60")
        attempt.tell("epoch 2/60")  # sooner than anybody looks: not written
        assert status_of(untrained).now == f"{name} (epoch 1/60)"
