"""A run that wants no work is read again only when it may want some."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.scheduler import settled_runs
from orchestrator.scheduler.settled_runs import SettledRuns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the module sees, as its only element."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run with a report, and beside it one that nobody settles."""
    for number, name in enumerate(("finished", "busy")):
        run = tmp_path / "runs" / name
        (run / "report").mkdir(parents=True)
        (run / "report" / "index.html").touch()
        (run / "run.json").touch()
        os.utime(run / "run.json", (number, number))
    (tmp_path / "runs" / "finished" / "new").touch()
    (tmp_path / "runs" / "without-plan").mkdir()
    return tmp_path / "runs" / "finished"


@pytest.fixture
def settled(folder: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> SettledRuns:
    """The run is remembered, and its turn to be looked at all the same never comes."""
    runs = SettledRuns(folder.parents[1])
    for _ in range(2):
        assert runs.unsettled() == ["busy", "finished"]
        runs.settle("finished")
        clock[0] += settled_runs.SURE_SECONDS
    monkeypatch.setattr(runs, "_next_settled", lambda: [])
    assert runs.unsettled() == ["busy"]
    return runs


CHANGES: dict[str, Callable[[Path], object]] = {
    "cancel": lambda run: (run / "cancelled").touch(),
    "retry": lambda run: shutil.rmtree(run / "report"),
    "forget": lambda run: (run / "new").rename(run / "run.json"),
    "the report deleted": lambda run: (run / "report" / "index.html").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_can_give_a_run_work_again_is_seen(settled: SettledRuns, folder: Path, change: str) -> None:
    CHANGES[change](folder)
    assert set(settled.unsettled()) == {"busy", "finished"}
    settled.settle("finished")
    assert set(settled.unsettled()) == {"busy", "finished"}  # it is sure of that only later


def test_a_deleted_run_is_forgotten_and_another_of_its_name_is_looked_at(settled: SettledRuns, folder: Path) -> None:
    copy = shutil.copytree(folder, folder.parents[1] / "copy")
    shutil.rmtree(folder)
    assert settled.unsettled() == ["busy"]
    copy.rename(folder)
    assert settled.unsettled() == ["busy", "finished"]


def test_a_run_that_has_just_changed_is_looked_at_again(folder: Path, clock: list[float]) -> None:
    runs = SettledRuns(folder.parents[1])
    for _ in range(3):
        assert runs.unsettled() == ["busy", "finished"]
        runs.settle("finished")
        clock[0] += settled_runs.SURE_SECONDS / 3


def test_each_remembered_run_has_its_turn_all_the_same(tmp_path: Path, clock: list[float]) -> None:
    names = {f"run-{number}" for number in range(5)}
    for name in names:
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").touch()
    runs = SettledRuns(tmp_path)
    for _ in range(2):
        for name in runs.unsettled():
            runs.settle(name)
        clock[0] += settled_runs.SURE_SECONDS
    rounds = [runs.unsettled() for _ in names]
    assert [len(each) for each in rounds] == [1] * len(names)
    assert {name for each in rounds for name in each} == names


def test_a_store_without_runs_has_none(tmp_path: Path) -> None:
    assert SettledRuns(tmp_path).unsettled() == []
