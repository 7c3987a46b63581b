"""A log has a limited size, whoever writes to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from orchestrator.local.child_process import ChildProcess
from orchestrator.local.log_files import rotate_log
from tests.cluster import wait_for


def test_a_log_that_has_grown_is_emptied_and_one_earlier_file_is_kept(tmp_path: Path) -> None:
    log, earlier = tmp_path / "worker.log", tmp_path / "worker.log.1"
    with log.open("ab", buffering=0) as writer:
        for text in (b"first\n" * 20, b"second\n" * 20):
            writer.write(text)
            rotate_log(log, 100)
            assert (log.read_bytes(), earlier.read_bytes()) == (b"", text)
        writer.write(b"third\n")
        rotate_log(log, 100)
    assert log.read_bytes() == b"third\n"  # at its start, without a hole
    assert sorted(tmp_path.iterdir()) == [log, earlier]


def test_a_log_that_is_not_there_or_cannot_be_copied_stays_as_it_is(tmp_path: Path) -> None:
    rotate_log(tmp_path / "no.log", 10)
    log = tmp_path / "worker.log"
    log.write_bytes(b"x" * 20)
    (tmp_path / "worker.log.1").mkdir()
    rotate_log(log, 10)
    assert log.read_bytes() == b"x" * 20


def test_processes_that_write_and_processes_that_rotate_lose_at_most_the_line_of_that_moment(tmp_path: Path) -> None:
    log, earlier = tmp_path / "worker.log", tmp_path / "worker.log.1"
    child = ChildProcess("talker", [sys.executable, "-c", TALKING], {}, log)
    child.start()
    rotators = [subprocess.Popen([sys.executable, "-c", ROTATING, log]) for _ in range(2)]
    wait_for(lambda: not child.alive, "the last line", seconds=60)
    for each in rotators:
        each.kill()
        each.wait()
    lines = (log.read_text() or earlier.read_text()).splitlines()[:-1]  # the last one may have been cut
    numbers = [int(line.removeprefix("line ")) for line in lines]
    assert numbers == [*range(numbers[0], numbers[0] + len(numbers))]


TALKING = """
import os
for number in range(200_000):
    os.write(1, b"line %d\\n" % number)
"""

ROTATING = """
import sys
from pathlib import Path
from orchestrator.local.log_files import rotate_log
while True:
    rotate_log(Path(sys.argv[1]), 20_000)
"""
