"""A photo that kills or blocks its process becomes a failed row, harms no other photo, and the run goes on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster, check_no_stray_files, outcomes, wait_for
from tests.faults.marking import marked_copy

HARMFUL = {
    "kill": "ada/ada-002.jpg",
    "once": "ada/ada-004.jpg",
    "crash": "chloe/chloe-001.jpg",
    "hang": "dmitri/dmitri-001.jpg",
    "bug": "dmitri/dmitri-003.jpg",
    "hog": "bruno/bruno-005.jpg",
}
GIVEN_UP = {
    "kill": ("poisoned", "its process died 2 times"),
    "crash": ("poisoned", "its process died 2 times: Segmentation fault"),
    "hang": ("timed_out", "no answer within 2 s, 2 attempts"),
    "bug": ("poisoned", "its process died 2 times: RuntimeError"),
    "hog": ("poisoned", "its process died 2 times: MemoryError"),
}

GROUP_BYTES = 50_000_000
MEMORY_GROUPS = {
    Path(f"/sys/fs/cgroup/memory/lineup-test-{os.getpid()}"): "memory.limit_in_bytes",
    Path(f"/sys/fs/cgroup/lineup-test-{os.getpid()}"): "memory.max",
}
"""Of the kernel's first and second kind, with the file that holds the limit."""


@pytest.mark.parametrize(
    ("photos_per_task", "deeds"),
    [
        pytest.param(7, ["kill", "once", "hang"], id="in batches"),
        pytest.param(7, list(HARMFUL), id="all, in batches", marks=pytest.mark.slow),
        pytest.param(1, list(HARMFUL), id="all, one by one", marks=pytest.mark.slow),
    ],
)
def test_harmful_photos_become_rows_and_harm_no_other(
    cluster: Cluster, photos: Path, tmp_path: Path, photos_per_task: int, deeds: list[str]
) -> None:
    keys = marked_copy(photos, tmp_path / "people", {deed: HARMFUL[deed] for deed in deeds})
    given_up = {keys[deed]: why for deed, why in GIVEN_UP.items() if deed in deeds}
    run = cluster.plan(tmp_path / "people", attempts=2, photo_seconds=2)
    assert cluster.drive(cluster.reconciler(run, photos_per_task)).state == "finished"
    found = outcomes(run)
    assert {key: found.pop(key) for key in given_up} == given_up
    assert set(found.values()) == {("ok", "")}
    assert len(found) + len(given_up) == 20
    check_no_stray_files(cluster.store)


@pytest.fixture
def memory_group(cluster: Cluster) -> Iterator[None]:
    """A group of processes that may take little memory; needs root and the kernel's memory controller."""
    for group, limit in MEMORY_GROUPS.items():
        try:
            group.mkdir()
            (group / limit).write_text(str(GROUP_BYTES))
            break
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
    else:
        pytest.skip("no memory group can be made here")
    (cluster.marks / "group").write_text(str(group))
    yield
    wait_for(lambda: not (group / "cgroup.procs").read_text(), "the end of who was in the group")
    group.rmdir()


@pytest.mark.usefixtures("memory_group")
def test_a_photo_for_which_the_kernel_kills_its_process_is_given_up(
    cluster: Cluster, photos: Path, tmp_path: Path
) -> None:
    keys = marked_copy(photos, tmp_path / "people", {"devour": HARMFUL["hog"]})
    run = cluster.plan(tmp_path / "people", attempts=2)
    assert cluster.finish(run).state == "finished"
    found = outcomes(run)
    assert found.pop(keys["devour"]) == ("poisoned", "its process died 2 times")
    assert set(found.values()) == {("ok", "")}
