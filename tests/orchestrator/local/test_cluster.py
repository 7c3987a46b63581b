"""The private broker lets nobody else in, and what cannot be started is said before anything is."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from orchestrator.local import child_process
from orchestrator.local.child_process import (
    MOST_EARLY_DEATHS,
    STOP_SECONDS,
    STOP_STARTING_SECONDS,
    ChildProcess,
    worker_environment,
)
from orchestrator.local.cluster import LocalCluster
from storage.errors import BrokerError, InputError, LineupError
from tests.cluster import is_alive, wait_for
from workers.queue.broker_options import redis_url


def test_the_private_broker_is_behind_a_socket_and_a_password_and_leaves_nothing(tmp_path: Path) -> None:
    with LocalCluster(tmp_path / "store", queues=()) as stack:
        path = Path(urlsplit(stack.broker_url).path)
        assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o700)
        own = redis.Redis.from_url(redis_url(stack.broker_url))
        settings = own.config_get("port", "appendonly", "maxmemory-policy")
        assert settings == {"port": "0", "appendonly": "yes", "maxmemory-policy": "noeviction"}
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(unix_socket_path=str(path)).ping()
        (valkey,) = stack.children()
        assert is_alive(valkey.pid)
    assert not is_alive(valkey.pid)
    assert not path.parent.exists()


def test_two_stacks_have_two_brokers_and_two_passwords(tmp_path: Path) -> None:
    first, second = LocalCluster(tmp_path / "a"), LocalCluster(tmp_path / "b")
    assert len({each for stack in (first, second) for each in (stack.broker_url, stack.flower_password)}) == 4
    for stack in (first, second):
        stack.stop()


def test_a_port_that_is_taken_is_told_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        stack = LocalCluster(tmp_path / "store", flower_port=port)
        with pytest.raises(InputError, match=f"port {port} .*Set LINEUP_FLOWER_PORT"), stack:
            pass
    assert not any(child.alive for child in stack.children())
    assert not (tmp_path / "store" / "logs").exists()


def test_a_broker_of_yours_that_does_not_answer_is_told_and_nothing_stays(tmp_path: Path) -> None:
    stack = LocalCluster(tmp_path / "store", "redis://:secret@127.0.0.1:1/0")
    with pytest.raises(BrokerError, match=r"redis://127\.0\.0\.1:1 does not answer") as error, stack:
        pass
    assert "secret" not in str(error.value)
    assert not any(child.alive for child in stack.children())


def test_what_died_is_started_again(tmp_path: Path) -> None:
    with LocalCluster(tmp_path / "store", queues=()) as stack:
        (valkey,) = stack.children()
        first = valkey.pid
        valkey.kill()
        stack.restart_dead()
        assert valkey.pid != first
        stack.wait_until_answering()


def test_what_ends_as_soon_as_it_is_started_is_given_up_with_the_name_of_its_log(tmp_path: Path) -> None:
    child = ChildProcess("hasty", [sys.executable, "-c", "print('no')"], {}, tmp_path / "logs" / "hasty.log")
    child.start()
    for _ in range(MOST_EARLY_DEATHS - 1):
        wait_for(lambda: not child.alive, "its end")
        child.restart()
    wait_for(lambda: not child.alive, "its end")
    with pytest.raises(LineupError, match=r"hasty ends as soon as it is started\. See .*hasty\.log"):
        child.restart()
    assert child.log.read_text().splitlines() == ["no"] * MOST_EARLY_DEATHS


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LineupError, match="cannot start ghost"):
        ChildProcess("ghost", ["/nowhere/ghost"], {}, tmp_path / "ghost.log").start()


def test_a_child_that_ignores_being_asked_is_made_to_end(tmp_path: Path) -> None:
    child = ChildProcess("deaf", [sys.executable, "-c", DEAF], {}, tmp_path / "deaf.log")
    child.start()
    wait_for(lambda: child.log.read_text(), "its first word")
    pid = child.pid
    child.stop(seconds=0.2)
    assert not is_alive(pid)


def test_what_is_still_starting_is_not_waited_for(tmp_path: Path) -> None:
    with LocalCluster(tmp_path / "store", queues=()) as stack:
        deaf = [ChildProcess(name, [sys.executable, "-c", DEAF], {}, tmp_path / f"{name}.log") for name in ("a", "b")]
        for child in deaf:
            child.start()
        wait_for(lambda: all(child.log.read_text() for child in deaf), "their first words")
        assert {child.stop_seconds for child in deaf} == {STOP_STARTING_SECONDS}
        stack._children += deaf
        began = time.monotonic()
    assert time.monotonic() - began < STOP_STARTING_SECONDS + 3  # both together, and a busy machine
    assert not any(child.alive for child in deaf)


def test_what_has_started_has_the_time_to_hand_its_task_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "EARLY_SECONDS", 0)
    child = ChildProcess("a", [sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path / "a.log")
    child.start()
    assert child.stop_seconds == STOP_SECONDS
    child.stop()


DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


def test_a_worker_process_is_one_cores_and_hands_its_task_back() -> None:
    environment = worker_environment()
    assert environment["REMAP_SIGTERM"] == "SIGQUIT"
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "1"
