"""The limit is the smaller of what the machine has and what the container may have; what is in use does not count."""

from __future__ import annotations

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
