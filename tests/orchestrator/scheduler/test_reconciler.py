"""From one stage to the next: what is over is not sent again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler import dispatcher as dispatch
from orchestrator.scheduler.polling import POLL_SECONDS, SHORTEST_POLL_SECONDS
from orchestrator.scheduler.reconciler import Reconciler
from storage.attempts import Attempt
from storage.parts import part_path
from storage.runs import Run
from storage.schemas import SPLITS
from storage.tables import read_table
from tests.cluster import queues_of
from tests.tiny_run import tiny_run
from workers.jobs.compare_run import compare
from workers.jobs.part_names import refit_part
from workers.jobs.planned_trainings import planned_trainings
from workers.queue.task_names import TRAINING


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Everything is trained, nothing compared."""
    run = tiny_run(tmp_path_factory.mktemp("run"), people=3, photos=4)
    run.comparison.unlink()
    return run


@pytest.fixture(scope="module")
def stack(run: Run) -> Iterator[LocalCluster]:
    """A broker; the tests take its messages as a worker would."""
    with LocalCluster(run.store, queues=()) as stack:
        yield stack


def test_while_the_winner_is_refitted_nothing_is_sent_again(
    run: Run, stack: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queues_of(run.store, stack.broker_url)
    reconciler = Reconciler(run, stack.broker)
    assert reconciler.step().stage == "comparison"
    assert queue.lpop(TRAINING)
    compare(run)
    assert reconciler.step().stage == "refit"
    assert queue.lpop(TRAINING)
    monkeypatch.setattr(dispatch, "QUIET_SECONDS", 1e-9)
    part = refit_part(run.plan.fingerprint)
    with Attempt(run.attempts, part) as attempt:
        attempt.begin(part, 60)
        for _ in range(3):
            status = reconciler.step()
    assert (status.stage, status.resent, queue.llen(TRAINING)) == ("refit", 0, 0)


def test_the_end_of_a_stage_is_looked_for_sooner_than_its_middle(run: Run, stack: LocalCluster) -> None:
    run.comparison.unlink(missing_ok=True)
    reconciler = Reconciler(run, stack.broker, processes=1)
    assert reconciler.pause_seconds() == POLL_SECONDS
    reconciler.step()  # sends one message, the comparison's
    rests = [reconciler.pause_seconds() for _ in range(5)]
    assert rests[0] == SHORTEST_POLL_SECONDS
    assert rests == sorted(rests)
    assert rests[-1] == POLL_SECONDS


def test_while_configurations_are_trained_the_status_names_them(run: Run, stack: LocalCluster) -> None:
    run.comparison.unlink(missing_ok=True)
    trainings = planned_trainings(run, read_table(run.splits, SPLITS))
    part, (name, _, _) = next(iter(trainings.items()))
    part_path(run.scores, part).unlink()
    reconciler = Reconciler(run, stack.broker)
    with Attempt(run.attempts, part):
        status = reconciler.step()
    assert (status.stage, status.done, status.total, status.now) == (
        "training",
        len(trainings) - 1,
        len(trainings),
        name,
    )
