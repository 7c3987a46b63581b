"""The broker dies, loses its queues or does not answer: messages are hints, and the store knows what is done."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.cluster import Cluster, check_no_stray_files, pids_at, tables, wait_for
from tests.faults.marking import closed_gate

PAUSE_SECONDS = 10


@pytest.mark.parametrize("keeps_its_file", [True, False], ids=["with its file", "without its file"])
def test_a_killed_broker_changes_no_table(
    cluster: Cluster, photos: Path, gated: str, undisturbed: dict[str, bytes], keeps_its_file: bool
) -> None:
    run = cluster.plan(photos)
    reconciler = cluster.reconciler(run)
    broker, files = cluster.broker_process(), cluster.broker_files()
    with closed_gate(cluster.marks):
        cluster.drive(reconciler, until=lambda: pids_at(run, gated))
        os.kill(broker.pid, signal.SIGKILL)
        wait_for(lambda: not broker.alive, "the broker's death")
        if not keeps_its_file:
            for folder in files:
                shutil.rmtree(folder)
    assert cluster.drive(reconciler).state == "finished"
    assert tables(run) == undisturbed
    check_no_stray_files(cluster.store)


@pytest.mark.slow
def test_a_broker_that_does_not_answer_for_a_while_delays_a_run_by_that_while_only(
    cluster: Cluster, photos: Path, gated: str, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos)
    reconciler = cluster.reconciler(run)
    broker = cluster.broker_process()
    with closed_gate(cluster.marks):
        cluster.drive(reconciler, until=lambda: pids_at(run, gated))
        os.kill(broker.pid, signal.SIGSTOP)
        silent_until = time.monotonic() + PAUSE_SECONDS
    try:
        wait_for(lambda: time.monotonic() > silent_until, "the end of the pause")
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    assert cluster.drive(reconciler).state == "finished"
    assert tables(run) == undisturbed
