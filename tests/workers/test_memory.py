"""What is left is the smaller of what the machine and the container say."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers import memory
from workers.memory import available_bytes


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    return tmp_path


def test_without_any_word_nothing_is_known(says: Path) -> None:
    assert list(says.iterdir()) == []
    assert available_bytes() is None


def test_the_container_counts_where_it_has_less(says: Path) -> None:
    (says / "meminfo").write_text("MemTotal:  9000 kB\nMemAvailable:  8000 kB\n")
    assert available_bytes() == 8000 * 1024
    (says / "memory.max").write_text("5000000\n")
    (says / "memory.current").write_text("4000000\n")
    (says / "memory.stat").write_text("anon 1000000\ninactive_file 2000000\nactive_file 500000\n")
    assert available_bytes() == 3_500_000
    (says / "memory.max").write_text("max\n")
    assert available_bytes() == 8000 * 1024
