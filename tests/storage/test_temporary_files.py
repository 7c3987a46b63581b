"""Only the files of dead writers are swept."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.file_locks import TEMPORARY, locked_new_file
from storage.temporary_files import sweep
from storage.write_whole import write_bytes


def test_sweeping_takes_what_the_dead_left_and_leaves_what_the_living_write(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f".dead.parquet.123{TEMPORARY}").write_bytes(b"x")
    writer = subprocess.Popen([sys.executable, "-c", HOLDING, tmp_path / "a.parquet"], stdin=-1, stdout=-1)
    assert writer.stdout
    assert writer.stdout.readline() == b"writing\n"
    assert sweep(tmp_path) == 1
    assert len(list(tmp_path.rglob(f".*{TEMPORARY}"))) == 1
    writer.kill()
    writer.wait()
    assert sweep(tmp_path) == 1
    assert list(tmp_path.rglob(f".*{TEMPORARY}")) == []


HOLDING = """
import sys
from pathlib import Path
from storage.write_whole import whole_file
with whole_file(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_a_file_that_is_swept_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f".a{TEMPORARY}"
    lock = fcntl.flock
    swept: list[Path] = []

    def sweep_before_the_first_lock(descriptor: int, operation: int) -> None:
        if not swept:
            swept.append(path)
            path.unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", sweep_before_the_first_lock)
    descriptor = locked_new_file(path)
    assert os.fstat(descriptor).st_ino == path.stat().st_ino
    os.close(descriptor)


def test_a_file_is_never_taken_from_its_writer_by_sweepers_that_look_all_the_time(tmp_path: Path) -> None:
    sweeper = subprocess.Popen([sys.executable, "-c", SWEEPING, tmp_path])
    try:
        for number in range(300):
            write_bytes(tmp_path / str(number % 7), b"whole")  # raises StoreError where its file is gone
    finally:
        sweeper.kill()
        sweeper.wait()


SWEEPING = """
import sys
from pathlib import Path
from storage.temporary_files import sweep
while True:
    sweep(Path(sys.argv[1]))
"""
