"""Every system tells how many cores there are."""

from __future__ import annotations

import os

import pytest

from workers.cores import usable_cores


def test_a_process_counts_the_cores_it_may_use() -> None:
    assert usable_cores() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("told", "cores"), [(6, 6), (None, 1)])
def test_a_system_without_affinity_such_as_macos_counts_the_machines(
    monkeypatch: pytest.MonkeyPatch, told: int | None, cores: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: told)
    assert usable_cores() == cores
