"""The services as processes of their own on a real broker: submitted work is done, and all of them end when asked."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.local.cluster import LocalCluster
from storage.runs import open_run
from tests.cluster import ROOT, descendants, is_alive, wait_for
from tests.orchestrator.conftest import Call
from workers.queue.health_file import Health, HealthFile, read_health
from workers.synthetic.photo_folder import write_folder

LINEUP = Path(sys.executable).with_name("lineup")
SOON_SECONDS = 30
"""Planning twelve photos takes one; the rest is a busy machine's imports."""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, four photos of each."""
    folder = tmp_path_factory.mktemp("photos") / "people"
    write_folder(folder, people=3, photos=4, seed=2, side=160, processes=1)
    return folder


@contextlib.contextmanager
def started(log: Path, environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A service; it and all that it started are gone at the end, whatever happens."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(LINEUP), *arguments], env={**os.environ, **environment}, stdout=file, stderr=file, cwd=ROOT
        )
    try:
        yield process
    finally:
        for pid in (*descendants(process.pid), process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def submit(photos: Path, folder: Path, environment: dict[str, str]) -> str:
    """The name of a cheap run."""
    experiment = folder / "experiment.toml"
    experiment.write_text('configurations = ["knn-1", "majority"]')
    began = time.monotonic()
    done = subprocess.run(
        [str(LINEUP), "submit", str(photos), "-e", str(experiment)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert time.monotonic() - began < SOON_SECONDS
    return done.stdout.strip()


def test_a_submitted_run_is_brought_to_its_report_by_services_that_end_when_asked(photos: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with LocalCluster(tmp_path / "broker", queues=()) as broker, contextlib.ExitStack() as services:
        environment = {"LINEUP_STORE": str(store), "LINEUP_BROKER_URL": broker.broker_url, "LINEUP_LOG_FORMAT": "json"}
        run_id = submit(photos, tmp_path, environment)
        commands = (("orchestrator",), ("worker", "images", "-c", "1"), ("worker", "training", "-c", "1"))
        logs = [tmp_path / f"{command[-1]}-{command[min(1, len(command) - 1)]}.log" for command in commands]
        healths = [log.with_suffix(".health") for log in logs]
        processes = [
            services.enter_context(started(log, {**environment, "LINEUP_HEALTH_FILE": str(health)}, *command))
            for log, health, command in zip(logs, healths, commands, strict=True)
        ]
        run = open_run(store, run_id)
        wait_for(lambda: run.finished or any(one.poll() is not None for one in processes), "the end of the run")
        assert run.finished, [log.read_text()[-2000:] for log in logs]
        assert [read_health(health) for health in healths] == [Health(alive=True, why="")] * 3
        for one in processes:
            one.send_signal(signal.SIGTERM)
        assert [one.wait(60) for one in processes] == [0, 0, 0]
        assert broker.broker_url.split(":")[2].split("@")[0] not in "".join(log.read_text() for log in logs)
    said = [json.loads(line) for line in logs[0].read_text().splitlines() if line.startswith("{")]
    assert next(one["message"] for one in said if one.get("run") == run_id) == "adopted"
    encoded = [json.loads(line) for line in logs[1].read_text().splitlines() if "photos encoded" in line]
    assert sum(int(one["message"].split()[0]) for one in encoded) == 12
    assert all(one["run"] == run_id and one["part"] for one in encoded)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize(
    ("said", "arguments", "code", "words"),
    [
        (None, (), 1, "is not there"),
        ("", (), 0, "ready"),
        ("no broker", (), 1, "no broker"),
        ("no broker", ("--alive",), 0, "no broker"),
    ],
)
def test_ready_says_what_the_service_said(
    said: str | None,
    arguments: tuple[str, ...],
    code: int,
    words: str,
    tmp_path: Path,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LINEUP_HEALTH_FILE", str(tmp_path / "health"))
    if said is not None:
        HealthFile(tmp_path / "health").say(said)
    told = call(tmp_path / "store", "ready", *arguments)
    assert (told.exit_code, words in told.output) == (code, True)


def listeners(port: int) -> set[str]:
    """The IPv4 and IPv6 addresses on which somebody listens at a port, as the kernel writes them."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}


def answer(port: int, password: str = "", path: str = "", method: str = "GET") -> int:
    """The HTTP status of one of Flower's pages."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method)
    if password:
        word = base64.b64encode(f"lineup:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {word}")
    try:
        with urllib.request.urlopen(request, timeout=30) as page:  # noqa: S310 - the address is ours
            return int(page.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_up_starts_all_with_a_flower_that_asks_for_its_password_and_ctrl_c_ends_all(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "LINEUP_STORE": str(tmp_path / "store"),
        "LINEUP_PROCESSES": "1",
        "LINEUP_FLOWER_PORT": str(port),
        "LINEUP_BROKER_URL": "",
    }
    log = tmp_path / "up.log"
    with started(log, environment, "up") as up:
        wait_for(lambda: listeners(port) or up.poll() is not None, "Flower")
        found = re.search(rf"Flower http://127\.0\.0\.1:{port}  user lineup  password (\S+)", log.read_text())
        assert found, log.read_text()
        assert listeners(port) == {"0100007F"}  # 127.0.0.1
        assert answer(port) == 401
        assert answer(port, "guess") == 401
        assert answer(port, found[1]) == 200
        for path in ("worker/shutdown/images@x", "worker/pool/restart/images@x", "task/revoke/x", "task/send-task/x"):
            assert answer(port, found[1], f"api/{path}", "POST") == 403  # it commands nobody
        everything = descendants(up.pid)
        assert len(everything) >= 4  # broker, two workers, Flower
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0
        wait_for(lambda: not any(map(is_alive, everything)), "the end of everything that it had started")
    assert "Traceback" not in log.read_text()
