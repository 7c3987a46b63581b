"""Freed memory is given back once it is enough to be worth the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers.faces import freed_memory
from workers.faces.freed_memory import BESIDE_PIXELS, ENOUGH_BYTES, FreedMemory, trim_memory


def test_it_is_given_back_when_enough_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bool] = []
    monkeypatch.setattr(freed_memory, "trim_memory", lambda: lambda: given.append(True))
    freed = FreedMemory()
    for _ in range(3):
        freed.count(ENOUGH_BYTES - BESIDE_PIXELS - 1)
        freed.give_back()
        assert not given
        freed.count(0)
        freed.give_back()
        assert given.pop()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory from /proc")
def test_holes_among_what_is_kept_go_back_to_the_system() -> None:
    blocks = [np.ones(12_500) for _ in range(1000)]  # 100 kB each: small enough for the heap
    kept = blocks[::2]
    before = _resident()
    del blocks
    trim_memory()()
    assert before - _resident() > 40_000
    assert all(block[0] == 1 for block in kept)


def _resident() -> int:
    """Kilobytes of this process in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
