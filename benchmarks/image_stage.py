"""The image stage as in a run: catalogue, messages, Celery workers, Parquet; with warm workers."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proc_status import ProcStatus, proc_statuses
from benchmarks.processes import ROOT
from orchestrator.experiment.experiment_file import from_dict
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.reconciler import Reconciler
from workers.queue.task_names import IMAGES

MOST_SECONDS = 1800
"""Time limit of a lap."""

WARM_UP_PHOTOS = 48


@dataclass
class Stage:
    """A broker and warm image workers.

    Args:
        folder: a folder for photos and store; the store is emptied before each lap.
    """

    folder: Path
    stack: LocalCluster
    processes: int

    def lap(self, photos: Path, photos_per_task: int = 0) -> float:
        """Seconds from the first message to the table of faces; the catalogue, made before, is not in them."""
        for name in ("runs", "encodings"):
            shutil.rmtree(self.folder / "store" / name, ignore_errors=True)
        run = plan_run(self.folder / "store", photos, None, from_dict({"configurations": ["majority"]})).run
        reconciler = Reconciler(run, self.stack.broker, photos_per_task, self.processes)
        pause = threading.Event()
        start = time.time()
        while not run.faces.exists():
            reconciler.step()
            if time.time() - start > MOST_SECONDS:
                raise SystemExit(f"the image stage does not end; see {self.folder / 'store' / 'logs'}")
            if not run.faces.exists():
                pause.wait(reconciler.pause_seconds())
        end = run.faces.stat().st_mtime_ns / 1e9  # the rest of that step belongs to later stages
        run.cancel()
        reconciler.step()
        return end - start

    def rss_mb(self) -> tuple[float, float]:
        """Peak resident memory of a worker process, and of a process that reads photos for one; MB."""
        everyone = list(proc_statuses())
        workers = _children(everyone, {child.pid for child in self.stack.children()})
        readers = _children(everyone, {worker.pid for worker in workers})
        worker, reader = (max((each.peak for each in some), default=0) / 1e6 for some in (workers, readers))
        return worker, reader


@contextmanager
def warm_stage(photos: Sequence[Path], processes: int = 2) -> Iterator[Stage]:
    """A stage whose workers have already encoded some of `photos`."""
    folder = ROOT / "build" / "bench-stage"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "store").mkdir(parents=True)
    with LocalCluster((folder / "store").resolve(), processes=processes, queues=[IMAGES]) as stack:
        stage = Stage(folder, stack, processes)
        some = photos[:: max(1, len(photos) // WARM_UP_PHOTOS)]
        stage.lap(copies(some, folder / "warm-up", 1), photos_per_task=2)
        yield stage
    shutil.rmtree(folder, ignore_errors=True)


def copies(photos: Sequence[Path], folder: Path, times: int) -> Path:
    """Copy each photo several times, with different bytes after its end, so that each copy is another photo."""
    for person in ("even", "odd"):  # a catalogue of one person is refused
        (folder / person).mkdir(parents=True, exist_ok=True)
    for number in range(times):
        for index, photo in enumerate(photos):
            path = folder / ("odd" if index % 2 else "even") / f"{number}-{index:05}{photo.suffix}"
            path.write_bytes(photo.read_bytes() + f"copy {number}".encode())
    return folder


def _children(everyone: Sequence[ProcStatus], parents: set[int]) -> list[ProcStatus]:
    return [status for status in everyone if status.parent in parents]
