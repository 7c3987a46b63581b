"""Nothing that a client of the broker writes ends a worker, takes its memory, or is obeyed without a signature.

Every message here is put into a real broker by hand and meets real workers. Whatever happens, the same processes
encode a folder of photos afterwards.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from orchestrator.scheduler.service import try_step
from storage.refused_messages import refused_messages
from storage.store_key import store_key
from tests.attacks.raw_messages import compression_bomb, control_message, nested, task_message
from tests.cluster import CHEAP, Cluster, descendants, running, wait_for
from tests.faults.marking import PLUGIN
from workers.queue.broker_options import redis_url
from workers.queue.celery_settings import connect
from workers.queue.signatures import MOST_BYTES, sign
from workers.queue.task_names import COMPARE_RUN, ENCODE_PHOTOS, IMAGES, TRAINING
from workers.synthetic.photo_folder import write_folder

CONTROL = "/0.celery.pidbox"
GOOD: tuple[str, list[Any]] = (ENCODE_PHOTOS, ["no-such-run", ["a" * 64]])

ENVELOPES: dict[str, bytes | dict[str, Any]] = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00{",
    "no JSON": b"encode, please",
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "an empty object": b"{}",
    "deep lists": nested(100_000),
    "deep headers": b'{"headers": ' + nested(50_000) + b"}",
    "one that is fine but for its signature": task_message(*GOOD),
    "another's signature": sign(b"k" * 32, IMAGES, json.dumps(task_message(*GOOD)).encode()),
    "time limit": task_message(*GOOD, headers={"timelimit": ["evil", {}]}),
    "eta": task_message(*GOOD, headers={"eta": [1]}),
    "eta far away": task_message(*GOOD, headers={"eta": "9999-12-31T23:59:59.999999+14:00"}),
    "expires": task_message(*GOOD, headers={"expires": {}}),
    "retries": task_message(*GOOD, headers={"retries": "many"}),
    "group": task_message(*GOOD, headers={"group": {"a": []}}),
    "id": task_message(*GOOD, headers={"id": ["x"]}),
    "shadow": task_message(*GOOD, headers={"shadow": {"a": 1}}),
    "headers are a list": task_message(*GOOD) | {"headers": ["task"]},
    "headers are null": task_message(*GOOD) | {"headers": None},
    "chord": task_message(*GOOD, embed={"chord": {"task": COMPARE_RUN, "args": ["x"]}}),
    "callbacks": task_message(*GOOD, embed={"callbacks": [{"task": COMPARE_RUN, "args": ["x"]}]}),
    "errbacks": task_message(*GOOD, embed={"errbacks": [7]}),
    "chain": task_message(*GOOD, embed={"chain": {"task": COMPARE_RUN}}),
    "body is no JSON": task_message(*GOOD, body="//79/A=="),
    "body is no base64": task_message(*GOOD, body="%%%"),
    "body is a number": task_message(*GOOD, body=7),
    "body of the old protocol": task_message(*GOOD) | {"headers": {}},
    "body encoding": task_message(*GOOD, properties={"body_encoding": "rot13"}),
    "no delivery info": task_message(*GOOD, properties={"delivery_info": None}),
    "delivery info is a list": task_message(*GOOD, properties={"delivery_info": []}),
    "no delivery tag": task_message(*GOOD, properties={"delivery_tag": None}),
    "no properties": task_message(*GOOD) | {"properties": {}},
    "pickle": task_message(*GOOD) | {"content-type": "application/x-python-serialize"},
    "yaml": task_message(*GOOD) | {"content-type": "application/x-yaml"},
    "content type": task_message(*GOOD) | {"content-type": ["application/json"]},
    "unknown compression": task_message(*GOOD, headers={"compression": "none such"}),
    "unknown task": task_message("os.system", ["true"]),
    "a task of Celery": task_message("celery.chunks", [[], [], []]),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One worker process a queue."""
    with running(tmp_path_factory.mktemp("lab"), PLUGIN, processes=1) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "people"
    write_folder(folder, people=2, photos=4, seed=2, side=160, processes=1)
    return folder


@pytest.fixture(scope="module")
def born(lab: Cluster, photos: Path) -> set[int]:
    """The processes that worked on the first run: the workers with their children."""
    assert lab.finish(lab.plan(photos)).state == "finished"
    return pids(lab)


def pids(lab: Cluster) -> set[int]:
    workers = [child for child in lab.stack.children() if child.name.startswith("worker")]
    assert all(child.alive for child in workers)
    return {pid for worker in workers for pid in (worker.pid, *descendants(worker.pid))}


def foreign(lab: Cluster) -> int:
    return sum(refused_messages(lab.store).values())


def raw(lab: Cluster) -> redis.Redis:
    return redis.Redis.from_url(redis_url(lab.stack.broker_url))


def keys(lab: Cluster, *names: str) -> list[str]:
    return lab.stack.broker.options.keys(*names)


def most_memory(pid: int) -> int:
    """Bytes that a process has had at most."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("name", ENVELOPES)
def test_a_message_without_a_signature_is_dropped_and_counted_and_costs_no_process(
    lab: Cluster, born: set[int], name: str
) -> None:
    message = ENVELOPES[name]
    before = foreign(lab)
    lab.connection().lpush(IMAGES, message if isinstance(message, bytes) else json.dumps(message))
    wait_for(lambda: foreign(lab) == before + 1, "its refusal", seconds=20)
    assert pids(lab) == born
    assert raw(lab).exists(*keys(lab, "images", "unacked", "unacked_index")) == 0


@pytest.mark.parametrize("name", ["a bomb", "64 MB"])
def test_a_message_takes_no_memory_before_it_is_refused(lab: Cluster, born: set[int], name: str) -> None:
    message = compression_bomb(ENCODE_PHOTOS) if name == "a bomb" else b"x" * 64_000_000
    worker = next(child.pid for child in lab.stack.children() if child.name == "worker-images")
    memory, before = most_memory(worker), foreign(lab)
    lab.connection().lpush(IMAGES, message)
    wait_for(lambda: foreign(lab) == before + 1, "its refusal", seconds=20)
    assert most_memory(worker) < memory + 10_000_000
    assert pids(lab) == born
    assert refused_messages(lab.store).get("too long", 0) == (name != "a bomb")


def test_a_changed_message_one_of_another_queue_and_one_without_end_are_refused(lab: Cluster, born: set[int]) -> None:
    key, content = store_key(lab.store), json.dumps(task_message(*GOOD)).encode()
    signed = sign(key, IMAGES, content)
    for message in (signed[:-1] + b" ", signed[:-1], sign(key, TRAINING, content), sign(key, CONTROL, content)):
        before = foreign(lab)
        lab.connection().lpush(IMAGES, message)
        wait_for(lambda before=before: foreign(lab) == before + 1, "its refusal", seconds=20)  # type: ignore[misc]
    assert pids(lab) == born


def test_many_messages_are_counted_and_only_some_are_logged(lab: Cluster, born: set[int]) -> None:
    before, log = foreign(lab), lab.store / "logs" / "worker-images.log"
    lines = log.read_text().count("message refused")
    lab.connection().lpush(IMAGES, *(b"junk" for _ in range(3_000)))
    wait_for(lambda: foreign(lab) == before + 3_000, "their refusal", seconds=60)
    assert log.read_text().count("message refused") < lines + 20
    assert pids(lab) == born


COMMANDS: dict[str, dict[str, object]] = {
    "shutdown": {},
    "pool_shrink": {"n": 1},
    "pool_grow": {"n": 1},
    "pool_restart": {"modules": ["os"]},
    "autoscale": {"max": 0, "min": 0},
    "rate_limit": {"task_name": ENCODE_PHOTOS, "rate_limit": "1/h"},
    "time_limit": {"task_name": ENCODE_PHOTOS, "hard": 0.01},
    "cancel_consumer": {"queue": IMAGES},
    "add_consumer": {"queue": "mine"},
    "disable_events": {},
    "terminate": {"signal": "KILL", "task_id": ["x"]},
    "election": {"id": "1", "topic": "task", "action": {"task": COMPARE_RUN, "args": ["x"]}},
    "revoke_by_stamped_headers": {"headers": {"a": "b"}, "terminate": True},
}


def app_of(lab: Cluster) -> Celery:
    """An application that signs with the store's key."""
    return connect(lab.stack.broker.options)


def subscribers(lab: Cluster, message: bytes) -> int:
    """Publish to all workers, and say how many there are."""
    return int(raw(lab).publish(keys(lab, CONTROL)[0], message))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_of_a_client_is_obeyed(lab: Cluster, born: set[int], command: str) -> None:
    before = foreign(lab)
    assert subscribers(lab, control_message(command, **COMMANDS[command])) == 2
    wait_for(lambda: foreign(lab) == before + 2, "the refusal of both workers", seconds=20)
    assert pids(lab) == born


@pytest.mark.parametrize("message", [b"\xff", b"[]", b"7", nested(100_000), b"x" * 2 * MOST_BYTES])
def test_no_broadcast_of_a_client_ends_a_worker(lab: Cluster, born: set[int], message: bytes) -> None:
    before = foreign(lab)
    assert subscribers(lab, message) == 2
    wait_for(lambda: foreign(lab) == before + 2, "the refusal of both workers", seconds=20)
    assert pids(lab) == born


@pytest.mark.parametrize("command", COMMANDS)
def test_nor_are_the_harmful_ones_with_a_signature_which_a_listener_could_send_again(
    lab: Cluster, born: set[int], command: str
) -> None:
    answers = app_of(lab).control.broadcast(command, arguments=COMMANDS[command], reply=True, timeout=2, limit=2)
    assert [list(answer.values()) for answer in answers] == [[{"error": "not allowed"}]] * 2
    assert pids(lab) == born


def test_after_all_commands_each_worker_serves_its_queue(lab: Cluster, born: set[int]) -> None:
    assert {queue for served in lab.stack.broker.queues().values() for queue in served} == {IMAGES, TRAINING}
    assert pids(lab) == born


def test_what_waits_for_an_acknowledgement_cannot_be_forged(lab: Cluster, born: set[int]) -> None:
    unacked, index = keys(lab, "unacked", "unacked_index")
    forged = (b"\xff", b"[]", b"7", nested(100_000), json.dumps([task_message(*GOOD), "", "images"]).encode())
    before = foreign(lab)
    raw(lab).hset(unacked, mapping={f"tag-{number}": each for number, each in enumerate(forged)})
    raw(lab).zadd(index, {f"tag-{number}": 0 for number in range(len(forged) + 1)})  # and one without a message
    wait_for(lambda: raw(lab).exists(unacked, index) == 0, "the end of the forged messages", seconds=20)
    # two workers look: each refuses what it saw first
    assert before < foreign(lab) <= before + 2 * len(forged)
    assert pids(lab) == born


TYPED = ("images", "unacked", "unacked_index", "unacked_mutex", "_kombu.binding.images")


@pytest.mark.parametrize("name", TYPED)
def test_a_key_of_another_type_ends_no_worker(lab: Cluster, born: set[int], photos: Path, name: str) -> None:
    (key,) = keys(lab, name)
    raw(lab).delete(key)
    raw(lab).set(key, "of another type")
    mind = lab.reconciler(lab.plan(photos, seed=TYPED.index(name)))
    try_step(mind)
    threading.Event().wait(3)  # several looks of the workers
    assert pids(lab) == born
    raw(lab).delete(key)
    assert lab.drive(mind).state == "finished"
    assert pids(lab) == born


def test_afterwards_the_same_processes_encode_a_folder(lab: Cluster, born: set[int], photos: Path) -> None:
    run = lab.plan(photos, **{**CHEAP, "faces": {"policy": "all"}})
    assert lab.finish(run).state == "finished"
    assert pids(lab) == born
