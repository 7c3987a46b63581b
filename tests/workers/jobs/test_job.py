"""The wrapper of all tasks: one process works on a part, deaths are counted from its first line, nothing stays open."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.attempts import Attempt
from storage.errors import StoreError, StoreFull
from storage.read_attempts import read_attempts
from storage.runs import RUN_FILE, Run, open_run
from tests.tiny_run import tiny_run
from workers.jobs.job import Refused, run_job

PART = "0" * 32
ATTEMPTS = 3

DIE = """
import os, signal, sys
from pathlib import Path
from storage.runs import open_run
from workers.jobs.job import run_job

run = open_run(Path(sys.argv[1]), sys.argv[2])
run_job(run, sys.argv[3], 60, lambda *_: os.kill(os.getpid(), signal.SIGKILL), is_done=lambda: False)
"""

CROWD = """
import fcntl, sys, time
from pathlib import Path
from storage.runs import open_run
from workers.jobs.job import run_job

def work(*_):
    with open(sys.argv[4], "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where another process works at the same time
        time.sleep(0.002)

run = open_run(Path(sys.argv[1]), sys.argv[2])
for _ in range(200):
    run_job(run, sys.argv[3], 60, work, is_done=lambda: False)
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two people; its tables do not matter here."""
    return tiny_run(tmp_path_factory.mktemp("planned"), people=2, photos=4)


@pytest.fixture
def run(planned: Run) -> Run:
    """The run, with no attempts."""
    for path in planned.attempts.iterdir():
        path.unlink()
    return open_run(planned.store, planned.run_id)


def numbers(run: Run, **how: Callable[..., object]) -> list[int]:
    """The number of each attempt that is made of one call: none or one."""
    made: list[int] = []
    run_job(run, PART, 60, lambda _, number: made.append(number), **{"is_done": lambda: False, **how})  # type: ignore[arg-type]
    return made


def die(run: Run) -> None:
    subprocess.run([sys.executable, "-c", DIE, run.store, run.run_id, PART], check=False)


def fail_with(run: Run, error: BaseException) -> None:
    def work(*_: object) -> None:
        raise error

    run_job(run, PART, 60, work, is_done=lambda: False)


def test_a_part_that_is_not_done_is_worked_on_and_nothing_is_left(run: Run) -> None:
    assert numbers(run) == [1]
    assert list(run.attempts.iterdir()) == []


def test_a_part_that_is_done_is_not_worked_on(run: Run) -> None:
    assert numbers(run, is_done=lambda: True) == []


def test_a_part_that_is_finished_by_another_process_just_before_the_claim_is_not_worked_on(run: Run) -> None:
    answers = iter([False, True])
    assert numbers(run, is_done=lambda: next(answers)) == []


def test_a_part_of_a_cancelled_run_is_not_worked_on(run: Run) -> None:
    run.cancel()
    assert numbers(run) == []
    run.let_go_on()


def test_a_part_that_another_process_works_on_is_left_to_it(run: Run) -> None:
    with Attempt(run.attempts, PART):
        assert numbers(run) == []
    assert numbers(run) == [1]


def test_each_death_counts_from_the_first_line_of_the_work_on(run: Run) -> None:
    for number in range(1, ATTEMPTS + 1):
        assert numbers(run) == [number]
        die(run)
    given_up: list[int] = []
    assert numbers(run, give_up=given_up.append) == []
    assert given_up == [ATTEMPTS]


def test_a_part_without_a_rule_for_giving_up_is_not_begun_any_more(run: Run) -> None:
    for _ in range(ATTEMPTS):
        die(run)
    assert numbers(run) == []
    assert len(read_attempts(run.attempts)[1]) == ATTEMPTS


def test_a_bug_counts_as_a_death_and_is_told(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_with(run, ZeroDivisionError("by zero"))
    running, (death,) = read_attempts(run.attempts)
    assert running == set()
    assert (death.items, death.last_words) == ((PART,), "Raised ZeroDivisionError: by zero")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Refused("no split 7"), Refused),
        (StoreError("faces.parquet is damaged"), StoreError),
        (OSError(errno.ENOSPC, "No space left on device"), StoreFull),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), StoreFull),
        (SystemExit(0), SystemExit),
    ],
)
def test_what_is_not_the_parts_fault_counts_for_nothing(
    run: Run, error: BaseException, told: type[BaseException]
) -> None:
    with pytest.raises(told):
        fail_with(run, error)
    assert list(run.attempts.iterdir()) == []


def test_a_removed_run_is_not_worked_on_and_the_worker_says_so(run: Run) -> None:
    plan = run.folder / RUN_FILE
    kept = plan.read_bytes()
    plan.unlink()
    with pytest.raises(Refused, match="was removed"):
        numbers(run)
    plan.write_bytes(kept)
    assert list(run.attempts.iterdir()) == []


def test_the_watchdog_ends_work_that_takes_too_long(run: Run) -> None:
    slow = DIE.replace("60, lambda *_: os.kill(os.getpid(), signal.SIGKILL)", "0.3, lambda *_: signal.pause()")
    subprocess.run([sys.executable, "-c", slow, run.store, run.run_id, PART], check=False, timeout=60)
    (death,) = read_attempts(run.attempts)[1]
    assert death.timed_out


def test_of_many_that_ask_at_once_one_process_at_a_time_works(run: Run, tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, "-c", CROWD, run.store, run.run_id, PART, tmp_path / "lock"]
    crowd = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(120) for process in crowd] == [0, 0, 0]
    assert list(run.attempts.iterdir()) == []
