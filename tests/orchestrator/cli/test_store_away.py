"""Whatever is wrong with the bucket of a store, each command tells it soon, in one line, and ends with exit code 1."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from storage.object_stores import open_object_store
from tests.orchestrator.cli.conftest import Lineup
from tests.proxy import free_port
from tests.s3 import KEY, SECRET, S3Server

PHOTO = "photos/ada/1.png"

COMMANDS = {
    "run": ["photos"],
    "submit": ["photos"],
    "cluster": ["photos"],
    "identify": [PHOTO],
    "enroll": ["Ada", PHOTO],
    "compare": ["one", "two"],
    "remove": ["one", "--yes"],
    "forget": ["Ada", "--yes"],
    "worker": ["images"],
    **{name: [] for name in ("orchestrator", "up", "metrics")},
    **{
        name: [] for name in ("status", "watch", "resume", "cancel", "runs", "report", "gc", "check", "retry", "doctor")
    },
}
"""Every command that opens the store, with what it needs besides."""

BROKER = "redis://127.0.0.1:1/0"
WITH_BROKER = {"submit", "worker", "orchestrator"}

SOON_SECONDS = 20
"""Of a whole command on a machine that others share; it tells it 3 s after its first request."""

REFUSALS = {
    "access is denied": (403, "InvalidAccessKeyId"),
    "there is no such bucket": (404, "NoSuchBucket"),
}


@contextlib.contextmanager
def refusing_server(status: int, code: str) -> Iterator[int]:
    """The port of a store that answers every request so."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response_only(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def here(lineup: Lineup) -> Path:  # noqa: ARG001 - it changes the current folder
    from PIL import Image

    for person in ("ada", "grace"):
        for number in (1, 2):
            path = Path("photos", person, f"{number}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (60, 60), (40 * number, 9, len(person))).save(path)
    return Path.cwd()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Make stores by address those of a server at a port."""

    def at(port: int) -> None:
        for name, value in S3Server(port).environment().items():
            monkeypatch.setenv(name, value)
        open_object_store.cache_clear()

    yield at
    open_object_store.cache_clear()


@pytest.mark.parametrize("words", REFUSALS)
def test_wrong_credentials_and_a_missing_bucket_are_one_line(
    lineup: Lineup, here: Path, at: Callable[[int], None], words: str
) -> None:
    assert here
    with refusing_server(*REFUSALS[words]) as port:
        at(port)
        for command, arguments in COMMANDS.items():
            broker = BROKER if command in WITH_BROKER else ""
            result = lineup(command, *arguments, store="s3://bucket/store", broker_url=broker)
            told = result.err if command != "doctor" else result.out
            line = next(each for each in told.splitlines() if "cannot use s3://bucket/store" in each)
            assert result.code == 1, (command, result)
            assert words in line, command
            assert "Traceback" not in result.out + result.err, command
            assert KEY not in result.out + result.err, command
            assert SECRET not in result.out + result.err, command


def started(command: str, port: int, folder: Path) -> subprocess.Popen[str]:
    environment = {
        **S3Server(port).environment(),
        **{"LINEUP_STORE": "s3://bucket/store", "LINEUP_BROKER_URL": BROKER if command in WITH_BROKER else ""},
        **{"HOME": str(folder), "PATH": "/usr/bin:/bin"},
    }
    line = [sys.executable, "-c", "from orchestrator.cli.main import main; main()", command, *COMMANDS[command]]
    return subprocess.Popen(line, cwd=folder, env=environment, stderr=-1, stdout=subprocess.DEVNULL, text=True)


def tells_of_silence(command: str, port: int, folder: Path) -> subprocess.Popen[str]:
    """Start a command, and assert that its first line comes soon."""
    running = started(command, port, folder)
    began = time.monotonic()
    assert running.stderr
    line = running.stderr.readline()
    assert line == "lineup: s3://bucket does not answer; it is tried for 90 s at most\n", command
    assert time.monotonic() - began < SOON_SECONDS, command
    return running


@contextlib.contextmanager
def hanging_server() -> Iterator[int]:
    """The port of a store that accepts connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        yield listening.getsockname()[1]


def test_a_store_that_never_answers_is_told_within_seconds(here: Path) -> None:
    with hanging_server() as port, tells_of_silence("status", port, here) as running:
        running.kill()


@pytest.mark.slow
def test_every_command_tells_soon_that_a_store_never_answers(here: Path) -> None:
    with hanging_server() as port:
        for command in COMMANDS:
            with tells_of_silence(command, port, here) as running:
                running.kill()


@pytest.mark.slow
def test_a_command_ends_by_itself_where_the_store_never_answers(here: Path) -> None:
    with hanging_server() as port, tells_of_silence("runs", port, here) as running:
        assert_ended(running, running.communicate(timeout=120)[1])


@pytest.mark.slow
def test_a_command_ends_by_itself_where_connections_are_refused(here: Path) -> None:
    with started("runs", free_port(), here) as running:
        *before, last = running.communicate(timeout=60)[1].splitlines(keepends=True)
    assert not before or "does not answer" in before[0]  # it is refused several times in some 3 to 12 s
    assert_ended(running, last)


def assert_ended(running: subprocess.Popen[str], said: str) -> None:
    assert running.returncode == 1
    assert said.startswith("lineup: cannot use s3://bucket/store: ")
    assert said.count("\n") == 1
