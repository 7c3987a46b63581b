"""From one stage to the next: what is over is not sent again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler import dispatcher as dispatch
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.polling import POLL_SECONDS, SHORTEST_POLL_SECONDS
from orchestrator.scheduler.reconciler import Reconciler
from storage.attempts import Attempt
from storage.experiments import Experiment
from storage.parts import part_path
from storage.runs import Run
from storage.schemas import SPLITS
from storage.tables import read_table
from storage.worker_faults import WorkerFile
from tests.cluster import queues_of
from tests.tiny_run import tiny_run
from workers.jobs.compare_run import compare
from workers.jobs.part_names import refit_part
from workers.jobs.planned_trainings import planned_trainings
from workers.queue.broker_options import BrokerOptions
from workers.queue.task_names import IMAGES, TRAINING


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


class Recorder(Broker):
    """Notes how many photos each message carries."""

    def __init__(self) -> None:
        super().__init__(BrokerOptions("redis://127.0.0.1:1/0"))
        self.sizes: list[int] = []

    def send(self, _task: str, arguments: tuple[object, ...], *_: object) -> None:
        self.sizes.append(len(arguments[1]))  # type: ignore[arg-type]

    def waiting(self, _queue: str) -> int:
        return len(self.sizes)


def test_photos_are_shared_out_to_the_processes_that_the_workers_state(tmp_path: Path) -> None:
    for number in range(200):
        path = tmp_path / "photos" / f"person-{number % 2}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (number, 0, 0)).save(path)
    run = plan_run(tmp_path / "store", tmp_path / "photos", None, Experiment()).run
    alone, shared = Recorder(), Recorder()
    Reconciler(run, alone).step()
    worker = WorkerFile(run.store / "workers" / "one.worker", "images@one", (IMAGES,), 40, "")
    Reconciler(run, shared).step()
    worker.close()
    assert sum(alone.sizes) == sum(shared.sizes) == 200
    assert (max(alone.sizes), max(shared.sizes)) == (48, 16)


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
