"""The limit is the smaller of what the machine has and what the container may have; what is in use does not count."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from workers import memory
from workers.memory import memory_limit


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    return tmp_path


def test_without_any_word_nothing_is_known(says: Path) -> None:
    assert list(says.iterdir()) == []
    assert memory_limit() is None


def test_the_container_counts_where_it_has_less(says: Path) -> None:
    (says / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:  8000 kB\n")
    assert memory_limit() == 9000 * 1024
    (says / "memory.max").write_text("5000000\n")
    assert memory_limit() == 5_000_000
    (says / "memory.max").write_text("max\n")
    assert memory_limit() == 9000 * 1024


def test_what_others_use_at_this_moment_changes_nothing(says: Path) -> None:
    (says / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:  10 kB\n")
    (says / "memory.max").write_text("5000000\n")
    (says / "memory.current").write_text("4999999\n")
    (says / "memory.stat").write_text("anon 4999999\ninactive_file 0\nactive_file 0\n")
    assert memory_limit() == 5_000_000


GROWTH = """
import sys
import numpy as np
from pathlib import Path
from workers.memory import keep_heap_small
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * 4096
if sys.argv[1] == "kept":
    keep_heap_small()
before, pins = resident(), []
for _ in range(3):
    arrays = [np.ones(1_250_000) for _ in range(20)]  # 10 MB each
    pins.append(bytes(100_000))  # lies above them, and lives longer
    del arrays
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux only")
def test_large_arrays_that_are_freed_go_back_to_the_system() -> None:
    found = {
        how: int(subprocess.run([sys.executable, "-c", GROWTH, how], check=True, capture_output=True).stdout)
        for how in ("kept", "as it is")
    }
    assert found["kept"] < 10_000_000
    if platform.libc_ver()[0] == "glibc":  # what it is for
        assert found["as it is"] > 100_000_000
