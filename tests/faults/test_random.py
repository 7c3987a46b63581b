"""Deaths at random times, from a seed: the tables are the same whatever happens in whatever order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from storage.runs import Run
from tests.cluster import (
    ROOT,
    Cluster,
    check_no_stray_files,
    descendants,
    efforts,
    is_alive,
    outcomes,
    tables,
    wait_for,
)

DEATHS = 5
CHAOS_SECONDS = 30


def has_done(run: Run, photos: int) -> bool:
    return bool(efforts(run).num_rows >= photos)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 7))])
def test_deaths_at_random_change_no_table(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes], seed: int
) -> None:
    # the first death of each is then no early one, and too few are left for its supervisor to give it up
    wait_for(lambda: all(child.is_past_start for child in cluster.stack.children()), "processes that have settled")
    draw = random.Random(seed)
    run = cluster.plan(photos, attempts=DEATHS + 1)
    for least in sorted(draw.sample(range(20), DEATHS)):  # photos that are done when a process is killed
        # each time another orchestrator: the one before is dead too
        cluster.drive(cluster.reconciler(run), until=partial(has_done, run, least))
        worker, broker = cluster.worker("images"), cluster.broker_process()
        mortal = [worker.pid, broker.pid, *descendants(worker.pid)]
        os.kill(draw.choice(mortal), signal.SIGKILL)
    assert cluster.finish(run).state == "finished"
    assert set(outcomes(run).values()) == {("ok", "")}
    assert tables(run) == undisturbed
    assert max(efforts(run).column("attempt").to_pylist()) <= DEATHS + 1
    check_no_stray_files(cluster.store)


def start_chaos(folder: Path, seconds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.chaos", "--duration", str(seconds), "--seed", "1", "--folder", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_chaos_loses_nothing_and_says_so_in_its_last_line(tmp_path: Path) -> None:
    said, _ = (chaos := start_chaos(tmp_path / "chaos", CHAOS_SECONDS)).communicate()
    assert chaos.returncode == 0, said
    assert said.startswith("seed 1,")
    assert "lost 0, tables equal" in said.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_chaos_that_is_interrupted_leaves_no_process(tmp_path: Path, number: int) -> None:
    with start_chaos(tmp_path / "chaos", 600) as chaos:
        wait_for(lambda: len(descendants(chaos.pid)) >= 6, "its services")
        started = descendants(chaos.pid)
        chaos.send_signal(number)
        assert chaos.wait(120) == 130
    wait_for(lambda: not any(map(is_alive, started)), "the end of all that it had started")
