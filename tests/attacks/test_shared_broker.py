"""Two stores and another application share a broker: no one takes or deletes what is another's."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.reconciler import Reconciler
from storage.refused_messages import refused_messages
from tests.cluster import CHEAP, Cluster, plan, queues_of, wait_for
from tests.proxy import free_port
from workers.queue.broker_options import redis_url, store_options
from workers.queue.task_names import ENCODE_PHOTOS, IMAGES, TRAINING
from workers.synthetic.photo_folder import write_folder

OTHERS = {"unacked": "of another", "unacked_index": "of another", "images": "of another", "_kombu.binding.images": "x"}
"""Keys of another application, called as Celery's are without a prefix."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A broker that somebody else uses too."""
    with LocalCluster(tmp_path_factory.mktemp("broker"), queues=()) as stack:
        raw(stack).mset(OTHERS)
        yield stack


def raw(stack: LocalCluster) -> redis.Redis:
    return redis.Redis.from_url(redis_url(stack.broker_url), decode_responses=True)


def broker_of(store: Path, stack: LocalCluster) -> Broker:
    return Broker(store_options(stack.broker_url, store))


def test_emptying_the_queues_of_one_store_leaves_those_of_all_others(shared: LocalCluster, tmp_path: Path) -> None:
    stores = tmp_path / "one", tmp_path / "two"
    brokers = [broker_of(store, shared) for store in stores]
    for broker in brokers:
        broker.send(ENCODE_PHOTOS, ("run", ["a" * 64]), IMAGES, "id")
    brokers[0].empty((IMAGES, TRAINING))
    assert [broker.waiting(IMAGES) for broker in brokers] == [0, 1]
    assert [queues_of(store, shared.broker_url).llen(IMAGES) for store in stores] == [0, 1]
    assert dict(zip(OTHERS, raw(shared).mget(list(OTHERS)), strict=True)) == OTHERS


def test_every_key_that_lineup_makes_has_the_prefix_of_its_store(shared: LocalCluster, tmp_path: Path) -> None:
    broker = broker_of(tmp_path / "one", shared)
    before = {str(key) for key in raw(shared).scan_iter()}
    broker.send(ENCODE_PHOTOS, ("run", ["a" * 64]), IMAGES, "id")
    broker.queues()
    made = {str(key) for key in raw(shared).scan_iter()} - before
    assert made
    assert not [key for key in made if not key.startswith(broker.options.prefix)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "people"
    write_folder(folder, people=3, photos=4, seed=2, side=160, processes=1)
    return folder


def test_two_stores_work_at_the_same_time_and_take_no_message_of_the_other(
    shared: LocalCluster, photos: Path, tmp_path: Path
) -> None:
    port = free_port()
    first = LocalCluster(tmp_path / "one", shared.broker_url, processes=1, flower_port=port)
    second = LocalCluster(tmp_path / "two", shared.broker_url, processes=1)
    with first, second:
        clusters = [Cluster(tmp_path / "one", first, tmp_path), Cluster(tmp_path / "two", second, tmp_path)]
        runs = [plan(cluster.store, photos, **CHEAP) for cluster in clusters]
        minds = [Reconciler(run, cluster.stack.broker, 1) for run, cluster in zip(runs, clusters, strict=True)]
        wait_for(lambda: {mind.step().state for mind in minds} == {"finished"}, "the end of both runs")
        for cluster in clusters:
            assert cluster.stack.broker.queues().keys() == {f"{queue}@{host()}" for queue in (IMAGES, TRAINING)}
            logs = "".join(path.read_text() for path in (cluster.store / "logs").glob("worker-*.log"))
            assert "refused" not in logs
        # remote control and events of applications without a prefix reach nobody here
        for channel in ("/0.celery.pidbox", "/0.celeryev/worker.heartbeat"):
            assert raw(shared).publish(channel, "not for you") == 0
        # Flower shows the workers and tasks of its own store
        wait_for(lambda: tasks(port, first.flower_password), "tasks in Flower")
        wait_for(lambda: runs[0].run_id in json.dumps(tasks(port, first.flower_password)), "the run in Flower")
        # and sends none of its own, whoever knows its password
        refused = refused_messages(clusters[0].store)
        with pytest.raises(urllib.error.HTTPError):
            asked(port, first.flower_password, f"task/send-task/{ENCODE_PHOTOS}", {"args": ["run", ["a" * 64]]})
        assert clusters[0].connection().llen(IMAGES) == 0
        assert refused_messages(clusters[0].store) == refused == {}
        seen = {task["uuid"] for task in tasks(port, first.flower_password).values()}
        assert len(seen) <= 20  # 12 photos and a few trainings; with those of the other store it would be twice that
    assert dict(zip(OTHERS, raw(shared).mget(list(OTHERS)), strict=True)) == OTHERS


def host() -> str:
    from celery.utils.nodenames import gethostname

    return str(gethostname())


def tasks(port: int, password: str) -> dict[str, Any]:
    """The tasks that Flower knows."""
    try:
        return asked(port, password, "tasks")
    except OSError:
        return {}


def asked(port: int, password: str, what: str, content: object = None) -> dict[str, Any]:
    """Flower's answer to a question, or with a content to a command; raises HTTPError where it refuses."""
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/{what}", data)
    request.add_header("Authorization", f"Basic {base64.b64encode(f'lineup:{password}'.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=10) as page:  # noqa: S310
        return dict(json.load(page))
