"""`lineup identify --queue` while workers die, after Ctrl-C, and of a bucket: the rows are those of the local way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.object_path import ObjectPath
from storage.runs import Run
from tests.cluster import descendants, wait_for
from tests.orchestrator.inference.conftest import rows_of
from tests.terminal import Terminal
from tests.tiny_run import lineup

pytestmark = pytest.mark.slow


def started(own: Run, heap: Path, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """The command with a private broker, a photo in each message; both outputs go to the same place, or are pipes."""
    arguments = ["identify", str(heap), "-c", "svm-linear", "--json", "--queue"]
    command = [sys.executable, "-c", "from orchestrator.cli.main import main; main()", *arguments]
    settings = {"LINEUP_STORE": str(own.store), "LINEUP_PROCESSES": "1", "LINEUP_PHOTOS_PER_TASK": "1"}
    environment = {**os.environ, **settings, "LINEUP_BROKER_URL": ""}
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output, text=True)


@pytest.fixture
def expected(own: Run, heap: Path) -> dict[str, Any]:
    """What the local way says."""
    return rows_of(lineup(own.store, "identify", str(heap), "-c", "svm-linear", "--json").stdout)


def test_on_one_terminal_every_row_is_on_the_screen(own: Run, heap: Path, expected: dict[str, Any]) -> None:
    terminal = Terminal()
    with started(own, heap, terminal.slave) as command:
        assert command.wait(timeout=180) == 0
    lines = terminal.lines()
    assert rows_of("\n".join(line for line in lines if line.startswith("{"))) == expected
    assert "Encoding faces" in "\n".join(lines)


def image_workers(pid: int) -> Iterator[int]:
    """The processes below a command that are workers for photos."""
    for child in descendants(pid):
        words = Path(f"/proc/{child}/cmdline").read_bytes() if Path(f"/proc/{child}").exists() else b""
        if b"celery" in words and b"images" in words:
            yield child


def test_a_worker_that_is_killed_loses_no_row(own: Run, heap: Path, expected: dict[str, Any]) -> None:
    with started(own, heap) as command:
        wait_for(lambda: list(encodings_of(own)), "an encoding")
        killed = list(image_workers(command.pid))
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        out, told = command.communicate(timeout=180)
    assert command.returncode == 0, told
    assert rows_of(out) == expected
    assert len(out.splitlines()) == 1 + len(expected)


def encodings_of(own: Run) -> Iterator[Path]:
    """Parts by the engine that encodes every face."""
    parts = own.store.glob("encodings/*/faces/*.parquet")
    return (part for part in parts if part.parents[1] != own.encodings)


def test_after_an_interrupt_the_rows_so_far_are_there_and_the_same_command_goes_on(
    own: Run, heap: Path, expected: dict[str, Any]
) -> None:
    with started(own, heap) as first:
        wait_for(lambda: list(encodings_of(own)), "an encoding")
        first.send_signal(signal.SIGINT)
        out, told = first.communicate(timeout=60)
    assert first.returncode == 130
    assert "the same command goes on" in told
    assert "To delete them" in told.splitlines()[-1]
    rows = rows_of(out)
    assert 0 < len(rows) < len(expected)
    assert rows.items() <= expected.items()
    with started(own, heap) as second:
        out, told = second.communicate(timeout=180)
    assert second.returncode == 0, told
    assert rows_of(out) == expected


def test_the_photos_of_a_bucket_are_named(
    own: Run, heap: Path, expected: dict[str, Any], bucket: ObjectPath, tmp_path: Path
) -> None:
    for path in heap.iterdir():
        (bucket / "photos" / path.name).put(path.read_bytes())
    address, out = str(bucket / "photos"), tmp_path / "out"
    asked = ("identify", address, "-c", "svm-linear", "--json", "--queue", "--out", str(out))
    done = lineup(own.store, *asked)
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    assert len(list(out.iterdir())) == 9
    assert {path.rpartition("/")[2]: row["faces"] for path, row in rows.items()} == {
        path.rpartition("/")[2]: row["faces"] for path, row in expected.items()
    }
    assert all(path.startswith(f"{address}/") for path in rows)
