"""All configurations through the training queue beside the same models in one plain script.

    python -m benchmarks.grid [FOLDER]     (`make bench-grid`)

Without a folder, drawn photos of 12 people, 15 of each. Photos are encoded and split once, before anything is timed.
A lap is the wall time to the scores of all configurations, with imports and the start of processes:

    queue       a private broker and worker processes, as `lineup run` starts them
    script      one process, one model after the other; networks by Keras's own `fit`; the libraries' default threads
    plain       the same with Lineup's training loop in place of `fit`
    plain-1     the same with one thread; its scores must have the same bits as the queue's
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import engine_table
from benchmarks.photos import drawn
from benchmarks.processes import ROOT
from orchestrator.experiment.experiment_file import from_dict
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.status import status_of
from storage.runs import Run
from workers.learning.configurations import CONFIGURATIONS
from workers.queue.task_names import IMAGES, TRAINING

PROCESSES = 2
LAPS = ("queue", "script", "plain", "plain-1")
MOST_SECONDS = 3600


@dataclass(frozen=True)
class Lap:
    """Seconds for all configurations together; `cpu` is the processor time of all processes."""

    wall: float
    cpu: float


def main() -> None:
    """Measure the chosen laps, print them, and keep them in build/bench-grid.json."""
    arguments = _arguments()
    folder: Path | None = arguments.photos
    run = prepared(folder, arguments.epochs)
    found = {name: queue_lap(run) if name == "queue" else plain_lap(run, name) for name in arguments.laps}
    path = ROOT / "build" / "bench-grid.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept.setdefault(run.run_id, {}).update({name: asdict(lap) for name, lap in found.items()})
    path.write_text(json.dumps(kept, indent=2) + "\n")
    print(drawn_laps(run, kept[run.run_id]))


def prepared(photos: Path | None, most_epochs: int | None) -> Run:
    """A run of all configurations whose photos are encoded and split; an existing one is used again."""
    if photos is None:
        photos = drawn("bench-grid-photos", people=12, photos=15, side=256)[0].parents[1]
    store = ROOT / "build" / "bench-grid"
    store.mkdir(parents=True, exist_ok=True)
    asked: dict[str, Any] = {"configurations": list(CONFIGURATIONS)}
    if most_epochs:
        networks = {name: each for name, each in CONFIGURATIONS.items() if "epochs" in each.parameters}
        asked["parameters"] = {
            name: {"epochs": min(each.parameters["epochs"], most_epochs)} for name, each in networks.items()
        }
    run = plan_run(store, photos, None, from_dict(asked)).run
    if not run.splits.exists():
        with LocalCluster(store, processes=PROCESSES, queues=[IMAGES]) as stack:
            _drive(Reconciler(run, stack.broker, processes=PROCESSES), run, ("images", "splits"))
    return run


def queue_lap(run: Run) -> Lap:
    """Train all configurations through a private broker and worker processes."""
    for name in ("scores", "fits", "attempts", "report", "model"):
        shutil.rmtree(run.folder / name, ignore_errors=True)
    run.comparison.unlink(missing_ok=True)
    before = _cpu_of_children()
    start = time.perf_counter()
    with LocalCluster(run.folder.parents[1], processes=PROCESSES, queues=[TRAINING]) as stack:
        _drive(Reconciler(run, stack.broker, processes=PROCESSES), run, ("training",))
        wall = time.perf_counter() - start
    return Lap(wall, _cpu_of_children() - before)


def plain_lap(run: Run, name: str) -> Lap:
    """Train all configurations one after the other in one new process."""
    command = [sys.executable, "-m", "benchmarks.grid_plain", str(run.folder.parents[1]), run.run_id, name]
    before = _cpu_of_children()
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own module
    wall = time.perf_counter() - start
    return Lap(wall, _cpu_of_children() - before)


def drawn_laps(run: Run, laps: Mapping[str, Mapping[str, float]]) -> str:
    """The laps as a table, with the ratio to the queue's."""
    lines = [engine_table.machine(), f"{run.run_id}: {len(CONFIGURATIONS)} configurations, {PROCESSES} processes", ""]
    queue = laps.get("queue")
    for name in LAPS:
        if name in laps:
            ratio = f"{laps[name]['wall'] / queue['wall']:9.2f}" if queue else ""
            lines.append(f"{name:<10}{laps[name]['wall']:9.1f} s wall{laps[name]['cpu']:9.1f} s cpu{ratio}")
    return "\n".join(lines)


def _drive(reconciler: Reconciler, run: Run, stages: tuple[str, ...]) -> None:
    """Run the reconciliation loop until the run leaves these stages."""
    pause = threading.Event()
    end = time.monotonic() + MOST_SECONDS
    while status_of(run).stage in stages:
        if time.monotonic() > end:
            raise SystemExit(f"the run does not end; see {run.folder.parents[1] / 'logs'}")
        reconciler.step()
        pause.wait(reconciler.pause_seconds())


def _cpu_of_children() -> float:
    """Seconds of processor time of all finished child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.grid", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="?", type=Path, help="folder of photos, one sub-folder per person")
    parser.add_argument("--laps", nargs="+", choices=LAPS, default=LAPS, help="laps to measure (default: all)")
    parser.add_argument("--epochs", type=int, help="limit for every network: quicker, but start-up time matters more")
    return parser.parse_args()


if __name__ == "__main__":
    main()
