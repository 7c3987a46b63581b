"""The wall clock jumps by hours and days, forward and back: no run is delayed and no table changes."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster import check_no_stray_files, outcomes, tables, wait_for
from tests.faults.machine import Machine

SOURCE = Path(__file__).parent / "clock" / "jumping.c"
DAY = 86_400
JUMP_SECONDS = 2.0
"""Between two jumps: several in a run, and time to notice each."""


@pytest.fixture
def jump(tmp_path: Path) -> Callable[[int], None]:
    """Sets the clock of every process that has `clocked` in its environment forward by so many seconds."""
    file = tmp_path / "clock"
    file.write_bytes(struct.pack("q", 0))

    def to(seconds: int) -> None:
        with file.open("r+b") as shared:
            shared.write(struct.pack("q", seconds))

    return to


@pytest.fixture
def clocked(tmp_path: Path) -> dict[str, str]:
    """The environment of processes whose clock can be made to jump."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path / "jumping.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "LINEUP_TEST_CLOCK": str(tmp_path / "clock")}


def test_the_clock_of_a_process_jumps_where_it_is_told_to(jump: Callable[[int], None], clocked: dict[str, str]) -> None:
    jump(1000 * DAY)
    code = "import time, datetime; print(time.time(), datetime.datetime.now().timestamp(), time.monotonic())"
    asked = subprocess.run([sys.executable, "-c", code], env=clocked, capture_output=True, text=True, check=True)
    now, also, monotonic = map(float, asked.stdout.split())
    assert 999 * DAY < now - time.time() < 1001 * DAY
    assert abs(also - now) < 10
    assert abs(monotonic - time.monotonic()) < 60


@pytest.mark.slow
def test_a_clock_that_jumps_for_days_changes_no_table_and_delays_no_run(
    tmp_path: Path, photos: Path, undisturbed: dict[str, bytes], jump: Callable[[int], None], clocked: dict[str, str]
) -> None:
    machine = Machine(tmp_path, clocked)
    draw = random.Random(1)
    command = machine.run(photos)
    jumps, next_jump = 0, 0.0

    def has_ended() -> bool:
        nonlocal jumps, next_jump
        if time.monotonic() > next_jump:
            jump(draw.randint(-400 * DAY, 400 * DAY))
            jumps, next_jump = jumps + 1, time.monotonic() + JUMP_SECONDS
        return command.poll() is not None

    wait_for(has_ended, "the end of the command")
    run = machine.planned()
    assert command.returncode == 0, machine.said()
    assert jumps > 3
    assert tables(run) == undisturbed
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    check_no_stray_files(machine.store)
