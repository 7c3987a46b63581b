"""A message with a valid signature cannot falsify a run: it holds keys only, and asks for what the run plans.

Whoever copies signed messages, or sends them at another time, changes no table.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.scheduler.planning import plan_encoder
from orchestrator.scheduler.work import planned_photos
from storage.parts import list_parts
from storage.plans import TripletSettings
from storage.refused_messages import BY_ITS_TASK, refused_messages
from storage.runs import Run
from storage.schemas import COMPARISON
from storage.tables import read_table
from tests.cluster import CHEAP, Cluster, outcomes, running, wait_for
from tests.faults.marking import PLUGIN
from workers.queue.broker_options import redis_url
from workers.queue.celery_settings import connect
from workers.queue.task_names import (
    COMPARE_RUN,
    ENCODE_PHOTOS,
    IMAGES,
    REFIT_WINNER,
    TRAIN_CONFIGURATION,
    TRAIN_ENCODER,
    TRAINING,
)
from workers.synthetic.photo_folder import write_folder

SIX = ["knn-1", "knn-3", "nearest-centroid", "threshold-1nn", "logistic-regression", "majority"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One worker process a queue."""
    with running(tmp_path_factory.mktemp("lab"), PLUGIN, processes=1) as cluster:
        yield cluster


SEEDS = itertools.count(100)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two people whose names occur in no other word; other pictures for each test, since encodings are kept."""
    folder = tmp_path / "people"
    write_folder(folder, people=2, photos=4, seed=next(SEEDS), side=160, processes=1)
    for person, name in zip(sorted(folder.iterdir()), ("Quetzalcoatl", "Xochipilli"), strict=True):
        person.rename(folder / name)
    return folder


def send(lab: Cluster, task: str, *arguments: object) -> None:
    queue = IMAGES if task == ENCODE_PHOTOS else TRAINING
    lab.stack.broker.send(task, arguments, queue, f"attack-{len(str(arguments))}")


def refused(lab: Cluster) -> int:
    return refused_messages(lab.store).get(BY_ITS_TASK, 0)


def is_idle(lab: Cluster) -> bool:
    """Whether no message waits and none is worked on."""
    client = redis.Redis.from_url(redis_url(lab.stack.broker_url))
    return not client.exists(*lab.stack.broker.options.keys(IMAGES, TRAINING, "unacked"))


def files(run: Run) -> set[Path]:
    """Everything of a run and of the encodings."""
    return {path for path in (*run.folder.rglob("*"), *run.encodings.rglob("*")) if path.is_file()}


def test_invented_keys_leave_no_row_no_attempt_and_no_failure(lab: Cluster, photos: Path) -> None:
    run = lab.plan(photos, seed=1)
    real = list(planned_photos(run))
    before, count = files(run), refused(lab)
    for number in range(200):
        invented = hashlib.sha256(str(number).encode()).hexdigest()
        send(lab, ENCODE_PHOTOS, run.run_id, [invented] if number % 2 else [*real, invented])
    wait_for(lambda: refused(lab) == count + 200, "their refusal")
    assert files(run) == before
    assert lab.finish(run).state == "finished"
    assert outcomes(run).keys() == set(real)
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    assert list_parts(run.failures) == []


def test_paths_names_and_limits_in_a_message_do_not_count(lab: Cluster, photos: Path) -> None:
    run = lab.plan(photos, seed=2)
    real = list(planned_photos(run))
    count = refused(lab)
    for wrong in ([[key, "elsewhere.jpg"] for key in real], [{"key": key, "path": "x"} for key in real]):
        send(lab, ENCODE_PHOTOS, run.run_id, wrong)
    wait_for(lambda: refused(lab) == count + 2, "their refusal")
    # with the message's own limit its process would be killed at once
    options = {"queue": IMAGES, "time_limit": 0.001, "soft_time_limit": 0.0005, "ignore_result": True}
    connect(lab.stack.broker.options).send_task(ENCODE_PHOTOS, (run.run_id, real), **options)
    wait_for(lambda: is_idle(lab), "its end")
    assert lab.finish(run).state == "finished"
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}


def test_a_key_of_another_run_does_nothing_there(lab: Cluster, photos: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "others", people=2, photos=4, seed=6, side=160, processes=1)
    mine, other = lab.plan(photos, seed=3), lab.plan(tmp_path / "others", seed=3)
    keys = list(planned_photos(other))
    before, count = files(mine), refused(lab)
    send(lab, ENCODE_PHOTOS, mine.run_id, keys)
    wait_for(lambda: refused(lab) == count + 1, "its refusal")
    assert files(mine) == before
    assert lab.finish(other).state == lab.finish(mine).state == "finished"
    assert outcomes(other).keys() == set(keys)
    assert not outcomes(mine).keys() & set(keys)


def test_a_job_that_comes_before_its_inputs_is_refused(lab: Cluster, photos: Path) -> None:
    run = lab.plan(photos, configurations=SIX)
    early: list[tuple[str, *tuple[object, ...]]] = [
        (TRAIN_CONFIGURATION, run.run_id, "knn-1", 0, 0),
        (COMPARE_RUN, run.run_id),
        (REFIT_WINNER, run.run_id),
        (TRAIN_ENCODER, run.run_id),
    ]
    before, count = files(run), refused(lab)
    for task, *arguments in early:
        send(lab, task, *arguments)
    wait_for(lambda: refused(lab) == count + len(early), "their refusal")
    assert files(run) == before
    mind = lab.reconciler(run)
    lab.drive(mind, until=lambda: len(list_parts(run.scores)) == 1)
    for task in (COMPARE_RUN, REFIT_WINNER):  # with 1 of 6 configurations
        send(lab, task, run.run_id)
    assert lab.drive(mind).state == "finished"
    comparison = read_table(run.comparison, COMPARISON)
    assert sorted(comparison["configuration"].to_pylist()) == sorted(SIX)
    assert set(comparison["outcome"].to_pylist()) == {"ok"}


def test_a_run_of_another_kind_has_no_such_work(lab: Cluster, tmp_path: Path) -> None:
    write_folder(tmp_path / "people", people=6, photos=2, seed=7, side=160, processes=1)
    run = plan_encoder(lab.store, tmp_path / "people", None, from_dict(CHEAP), TripletSettings()).run
    before, count = files(run), refused(lab)
    wrong: list[tuple[str, *tuple[object, ...]]] = [
        (TRAIN_CONFIGURATION, "majority", 0, 0),
        (COMPARE_RUN,),
        (REFIT_WINNER,),
        (TRAIN_ENCODER,),  # of its kind, but too early
    ]
    for task, *arguments in wrong:
        send(lab, task, run.run_id, *arguments)
    wait_for(lambda: refused(lab) == count + len(wrong), "their refusal")
    assert files(run) == before


def test_every_message_may_be_sent_again_later(lab: Cluster, photos: Path) -> None:
    run = lab.plan(photos, seed=4)
    assert lab.finish(run).state == "finished"
    before = {path: path.stat().st_mtime_ns for path in files(run)}
    send(lab, ENCODE_PHOTOS, run.run_id, list(planned_photos(run)))
    for name in CHEAP["configurations"]:
        send(lab, TRAIN_CONFIGURATION, run.run_id, name, 0, 0)
    for task in (COMPARE_RUN, REFIT_WINNER):
        send(lab, task, run.run_id)
    wait_for(lambda: is_idle(lab), "their end")
    assert {path: path.stat().st_mtime_ns for path in files(run)} == before


def test_no_message_in_the_broker_names_a_person_a_path_or_a_limit(lab: Cluster, photos: Path) -> None:
    run = lab.plan(photos, seed=5)
    worker = next(child for child in lab.stack.children() if child.name == "worker-images")
    worker.stop()
    lab.reconciler(run).step()
    found: list[bytes] = lab.connection().lrange(IMAGES, 0, -1)  # type: ignore[assignment]
    waiting = [json.loads(message[message.index(b"{") :]) for message in found]
    worker.start()
    assert len(waiting) == 8
    for message in waiting:
        whole = json.dumps(message) + base64.b64decode(message["body"]).decode()
        assert not [word for word in ("Quetzalcoatl", "Xochipilli", str(photos), ".jpg") if word in whole]
        assert message["headers"]["timelimit"] == [None, None]
    assert lab.finish(run).state == "finished"
