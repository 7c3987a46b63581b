"""Any process may be killed at any time: the tables are those of an undisturbed run."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.cluster import Cluster, check_no_stray_files, efforts, pids_at, tables, wait_for
from tests.faults.marking import closed_gate


def test_two_worker_processes_give_the_bytes_that_one_gives(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos)
    assert cluster.finish(run).state == "finished"
    assert tables(run) == undisturbed
    check_no_stray_files(cluster.store)


def test_a_killed_worker_process_changes_no_table(
    cluster: Cluster, photos: Path, gated: str, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos)
    reconciler = cluster.reconciler(run)
    with closed_gate(cluster.marks):
        cluster.drive(reconciler, until=lambda: pids_at(run, gated))
        (child,) = pids_at(run, gated)
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: child not in pids_at(run, gated), "the child's death")
    assert cluster.drive(reconciler).state == "finished"
    assert tables(run) == undisturbed
    check_no_stray_files(cluster.store)
    again = {row["photo_key"]: row["attempt"] for row in efforts(run).to_pylist()}
    assert again.pop(gated) == 2
    assert set(again.values()) == {1}


@pytest.mark.slow
def test_a_worker_killed_with_all_its_processes_changes_no_table(
    cluster: Cluster, photos: Path, gated: str, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos)
    reconciler = cluster.reconciler(run)
    with closed_gate(cluster.marks):
        cluster.drive(reconciler, until=lambda: pids_at(run, gated))
        os.killpg(cluster.worker("images").pid, signal.SIGKILL)
        wait_for(lambda: not pids_at(run, gated), "the children's death")
    assert cluster.drive(reconciler).state == "finished"
    assert tables(run) == undisturbed
    check_no_stray_files(cluster.store)


def test_a_killed_main_process_ends_its_children_and_changes_no_table(
    cluster: Cluster, photos: Path, gated: str, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos)
    reconciler = cluster.reconciler(run)
    with closed_gate(cluster.marks):
        cluster.drive(reconciler, until=lambda: pids_at(run, gated))
        os.kill(cluster.worker("images").pid, signal.SIGKILL)
        wait_for(lambda: not pids_at(run, gated), "the children's death")
    assert cluster.drive(reconciler).state == "finished"
    assert tables(run) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGQUIT, marks=pytest.mark.slow)])
def test_a_worker_that_is_asked_to_stop_hands_its_task_back_and_blames_no_photo(
    cluster: Cluster, photos: Path, gated: str, undisturbed: dict[str, bytes], number: int
) -> None:
    run = cluster.plan(photos, attempts=1)  # a single death would already make it poisoned
    reconciler = cluster.reconciler(run)
    with closed_gate(cluster.marks):
        cluster.drive(reconciler, until=lambda: pids_at(run, gated))
        (child,) = pids_at(run, gated)
        os.kill(cluster.worker("images").pid, number)
        wait_for(lambda: child not in pids_at(run, gated), "the worker's end")
    assert cluster.drive(reconciler).state == "finished"
    assert tables(run) == undisturbed
