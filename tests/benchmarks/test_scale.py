"""`make scale`: a command that fails or hangs ends the measurement, and memory is told by role."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import scale_run
from benchmarks.memory_by_role import memory_by_role
from benchmarks.proc_status import proc_statuses
from benchmarks.scale_run import Measured, RunStarter

SLEEPS = "import time; time.sleep(600)"
HAS_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]).wait()"


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives a starter whose command runs the given program."""
    (tmp_path / "store").mkdir()
    named = {name: tmp_path / "store" / name for name in ("store", "faces", "splits", "comparison", "report")}
    run: Any = SimpleNamespace(run_id="some", **{**named, "store": tmp_path / "store"})
    monkeypatch.setattr(scale_run, "LOOK_SECONDS", 0.1)

    def starter(program: str) -> RunStarter:
        monkeypatch.setattr(scale_run, "_lineup", lambda *_: [sys.executable, "-c", program])
        return RunStarter(run, Measured(1), lambda: None)

    return starter


def test_a_command_that_fails_ends_the_measurement(started: Any) -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        started("raise SystemExit(3)").until(lambda: False)


def test_a_command_that_hangs_is_killed_and_ends_the_measurement(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_run, "MOST_SECONDS", 0.3)
    before = {each.pid for each in proc_statuses() if each.parent == os.getpid()}
    with pytest.raises(SystemExit, match="does not end"):
        started(SLEEPS).until(lambda: False)
    assert {each.pid for each in proc_statuses() if each.parent == os.getpid()} <= before


def test_an_orchestrator_is_killed_when_it_has_come_far_enough(started: Any) -> None:
    started(SLEEPS).until(lambda: True)


def test_processes_below_a_process_count_to_its_role() -> None:
    with subprocess.Popen([sys.executable, "-c", HAS_CHILD]) as process:
        while sum(each.parent == process.pid for each in proc_statuses()) < 1:
            pass
        peaks = memory_by_role(process.pid)
        below = [each.pid for each in proc_statuses() if each.parent == process.pid]
        for pid in (*below, process.pid):
            os.kill(pid, 9)
    assert peaks["orchestrator"] > 5_000_000
    assert peaks["broker"] == peaks["image worker"] == peaks["training worker"] == 0
