"""The command itself is killed: nothing it started outlives it, and `lineup resume` ends with the same tables."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.maintenance.check import check_run
from storage.runs import Run
from tests.cluster import check_no_stray_files, descendants, efforts, is_alive, pids_at, tables, wait_for
from tests.faults.machine import Machine
from tests.faults.marking import closed_gate
from workers.jobs.part_names import refit_part


def kill_and_all_ends(command: subprocess.Popen[bytes], number: int) -> None:
    started = descendants(command.pid)
    assert len(started) >= 3  # a broker and two workers
    command.send_signal(number)
    command.wait(60)
    wait_for(lambda: not any(map(is_alive, started)), "the end of everything that it had started", seconds=60)


@pytest.mark.parametrize(
    "number",
    [signal.SIGKILL, *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGINT, signal.SIGTERM))],
)
def test_a_command_killed_among_the_photos_leaves_no_process_and_resume_gives_the_same_tables(
    machine: Machine, photos: Path, gated: str, undisturbed: dict[str, bytes], number: int
) -> None:
    command = machine.run(photos)
    run = machine.planned()
    with closed_gate(machine.marks):
        wait_for(lambda: pids_at(run, gated), "the photo at the gate")
        kill_and_all_ends(command, number)
    before = set(efforts(run).column("photo_key").to_pylist())
    assert machine.start("resume", "--quiet").wait(120) == 0
    assert tables(run) == undisturbed
    check_no_stray_files(machine.store)
    counted = efforts(run).column("photo_key").to_pylist()
    assert sorted(counted) == sorted(set(counted))
    assert before < set(counted)


REACHED: dict[str, Callable[[Run], bool]] = {
    "faces": lambda run: run.faces.exists(),
    "splits": lambda run: run.splits.exists(),
    "scores": lambda run: run.scores.exists(),
    "comparison": lambda run: run.comparison.exists(),
    "refit": lambda run: any(run.model.glob("*/model.json")),
    "report": lambda run: run.finished,
}


@pytest.mark.slow
@pytest.mark.parametrize("stage", REACHED)
def test_a_command_killed_at_any_later_stage_is_resumed_to_the_same_tables(
    machine: Machine, photos: Path, undisturbed: dict[str, bytes], stage: str
) -> None:
    command = machine.run(photos)
    run = machine.planned()
    wait_for(lambda: REACHED[stage](run), f"the stage {stage}")
    command.send_signal(signal.SIGKILL)
    command.wait(60)
    assert machine.start("resume", "--quiet").wait(120) == 0
    assert tables(run) == undisturbed
    check_no_stray_files(machine.store)
    assert check_run(run).faults == ()


@pytest.mark.slow
def test_a_command_killed_in_the_midst_of_the_refit_is_resumed_to_the_same_tables(
    machine: Machine, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    with closed_gate(machine.marks, "refit-gate"):
        command = machine.run(photos)
        run = machine.planned()
        wait_for(lambda: pids_at(run, refit_part(run.plan.fingerprint)), "the refit at the gate")
        kill_and_all_ends(command, signal.SIGKILL)
        assert not any(run.model.glob("*/model.json"))
    assert machine.start("resume", "--quiet").wait(120) == 0
    assert tables(run) == undisturbed
    assert any(run.model.glob("*/model.json"))
    check_no_stray_files(machine.store)
    assert check_run(run).faults == ()


@pytest.mark.slow
def test_of_two_commands_on_one_run_the_second_watches_and_takes_over_when_the_first_is_killed(
    machine: Machine, photos: Path, gated: str, undisturbed: dict[str, bytes]
) -> None:
    first = machine.run(photos)
    run = machine.planned()
    with closed_gate(machine.marks):
        wait_for(lambda: pids_at(run, gated), "the photo at the gate")
        second = machine.run(photos)
        wait_for(lambda: machine.said().count("is known") == 1, "the second command")
        assert descendants(second.pid) == []
        first.kill()
        first.wait(60)
        wait_for(lambda: len(descendants(second.pid)) >= 3, "the second command's own processes")
    assert second.wait(120) == 0
    assert tables(run) == undisturbed
