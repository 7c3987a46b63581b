"""Speed of the image stage with photos and store in a bucket, beside a folder: writes build/store-throughput.json.

    python -m benchmarks.store_throughput [FOLDER] [--rounds 4] [--latency 20]

The bucket is in moto's S3 on this machine, whose processor time is told apart; once more with latency added to each
request. The places are measured in turns, with warm workers. Without a folder of photos, 300 of 250 x 250 are drawn;
each photo is measured as two.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import engine_table
from benchmarks.figures.run_tables import markdown
from benchmarks.image_stage import MOST_SECONDS, copies
from benchmarks.photos import pictures, small_photos, web_photos
from benchmarks.processes import ROOT
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.verification.judge_folder import plan_folder
from storage.experiments import Experiment
from storage.object_path import ObjectPath, store_path
from storage.open_store import open_store
from storage.runs import Run
from tests.cluster import descendants
from tests.s3 import FaultyProxy, S3Server, s3_server
from workers.cores import usable_cores
from workers.learning.fit_timing import load_average
from workers.queue.task_names import IMAGES

FOLDER, BUCKET = "a folder", "a bucket"
COPIES = 2
"""Copies of each photo, as photos of their own: a lap of some seconds."""

PROCESSES = 2
WARM_UP_PHOTOS = 48


@dataclass(frozen=True)
class StoreLap:
    """The measurement of all photos once.

    Attributes:
        catalog: seconds from the listing to the plan.
        stage: seconds from the first message to the table of faces.
        cpu: seconds of processor time of orchestrator, workers and broker, in both.
        server_cpu: the same of the object store's server.
    """

    photos: int
    catalog: float
    stage: float
    cpu: float
    server_cpu: float


class Place:
    """Photos and store in one place, with workers of their own."""

    def __init__(self, root: Path, server: int = 0) -> None:
        self._root, self._store, self._server = root, root / "store", server
        open_store(self._store)
        self._stack = LocalCluster(self._store, processes=PROCESSES, queues=[IMAGES])
        self._laps = 0

    def __enter__(self) -> Place:
        self._stack.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.stop()

    def lap(self, photos: Sequence[Path], times: int = COPIES) -> StoreLap:
        """Catalogue and encode copies of these photos that are new to the store."""
        self._laps += 1
        folder, number = self._new_photos(photos, times)
        cpu, server_cpu, began = self._cpu(), _cpu_of([self._server]), time.monotonic()
        run = plan_folder(self._store, folder, None, Experiment())  # it ends with its faces: no later stage is measured
        planned = time.monotonic()
        self._encode(run)
        stage = time.monotonic() - planned
        return StoreLap(number, planned - began, stage, self._cpu() - cpu, _cpu_of([self._server]) - server_cpu)

    def _encode(self, run: Run) -> None:
        reconciler = Reconciler(run, self._stack.broker, 0, PROCESSES)
        pause, end = threading.Event(), time.monotonic() + MOST_SECONDS
        while not run.faces.is_file():
            if time.monotonic() > end:
                raise SystemExit(f"the image stage does not end in {self._root}")
            reconciler.step()
            if not run.faces.is_file():
                pause.wait(reconciler.pause_seconds())

    def _new_photos(self, photos: Sequence[Path], times: int) -> tuple[Path, int]:
        folder = self._root / f"photos-{self._laps}"
        with tempfile.TemporaryDirectory(prefix="lineup-copies-") as temporary:
            local = copies(photos, Path(temporary, folder.name), times)
            for path in (files := pictures(local.rglob("*"))):
                with path.open("ab") as file:  # another photo than the same one of an earlier lap
                    file.write(folder.name.encode())
            if isinstance(folder, ObjectPath):
                for path in files:
                    (folder / str(path.relative_to(local))).write_bytes(path.read_bytes())
            else:
                shutil.copytree(local, folder)
        return folder, len(files)

    def _cpu(self) -> float:
        children = [child.pid for child in self._stack.children()]
        return time.process_time() + _cpu_of({*children, *(each for child in children for each in descendants(child))})


def _cpu_of(pids: Sequence[int] | set[int]) -> float:
    """Seconds of processor time of processes so far, and of their children that have ended."""
    ticks = 0
    for pid in filter(None, pids):
        with contextlib.suppress(OSError):  # it has just ended, and its parent counts it
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _serve_slowly(port: int, latency: float, told: Connection) -> None:
    """A proxy in a process of its own, until the other end is closed."""
    with FaultyProxy(S3Server(port)) as proxy:
        proxy.latency = latency
        told.send(proxy.url)
        with contextlib.suppress(EOFError):
            told.recv()


@contextlib.contextmanager
def _slow_address(server: S3Server, latency: float) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_slowly, args=(server.port, latency, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def measured(photos: Sequence[Path], rounds: int, latency: int) -> dict[str, list[StoreLap]]:
    """The laps of each place, in turns: a slow minute affects all places."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lineup-throughput-")))
        server = stack.enter_context(s3_server())
        places = {FOLDER: stack.enter_context(Place(folder))}
        for name, url in (
            (BUCKET, server.url),
            (f"{BUCKET}, {latency} ms added", stack.enter_context(_slow_address(server, latency / 1000))),
        ):
            os.environ.update(server.environment(url))  # every process that is started now finds it
            places[name] = stack.enter_context(Place(store_path(server.new_bucket()), server.pid))
        for place in places.values():
            place.lap(photos[:: max(1, len(photos) // WARM_UP_PHOTOS)], times=1)
        laps: dict[str, list[StoreLap]] = {name: [] for name in places}
        for number in range(rounds):
            for name in list(places)[:: 1 if number % 2 == 0 else -1]:
                laps[name].append(lap := places[name].lap(photos))
                print(f"{name}: {lap}", flush=True)
    return laps


def throughput_table(found: dict[str, Any]) -> str:
    """Photos a second and processor time of each place; ratios are medians of pairs of the same round."""
    laps = {name: [StoreLap(**each) for each in some] for name, some in found["laps"].items()}
    rows = []
    for name, some in laps.items():
        rates, costs = _medians([each.photos / each.stage for each in some], [_ms(each) for each in some])
        pairs = list(zip(laps[FOLDER], some, strict=True))
        ratios = _medians([a.stage / b.stage for a, b in pairs], [_ms(a) / _ms(b) for a, b in pairs])
        catalog, server = _medians(
            [each.catalog for each in some], [_per_photo(each, each.server_cpu) for each in some]
        )
        told = (
            f"{rates:.1f}",
            f"{ratios[0]:.2f}",
            f"{costs:.1f}",
            f"{ratios[1]:.2f}",
            f"{server:.1f}",
            f"{catalog:.1f}",
        )
        rows.append((name, *told))
    head = ("", "photos/s", "of a folder's", "processor, ms a photo", "a folder's, of that", "server, ms a photo")
    return markdown((*head, "catalogue, s"), rows)


def _medians(*columns: list[float]) -> tuple[float, ...]:
    return tuple(statistics.median(column) for column in columns)


def _ms(lap: StoreLap) -> float:
    return _per_photo(lap, lap.cpu)


def _per_photo(lap: StoreLap, seconds: float) -> float:
    return 1000 * seconds / lap.photos


def main() -> None:
    """Measure, print, write build/store-throughput.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store_throughput", description=__doc__)
    parser.add_argument("photos", nargs="?", type=Path, help="folder of photos (default: drawn ones)")
    parser.add_argument("--rounds", type=int, default=4, help="medians of so many (default: %(default)s)")
    parser.add_argument("--latency", type=int, default=20, help="milliseconds that are added (default: %(default)s)")
    chosen = parser.parse_args()
    photos, what = web_photos(chosen.photos) if chosen.photos else (small_photos(), "drawn photos of 250 x 250")
    laps = measured(photos, chosen.rounds, chosen.latency)
    machine = f"{engine_table.processor()}, {usable_cores()} cores that also run the server"
    found = {"machine": f"{machine}, load {load_average():.1f}", "what": what, "rounds": chosen.rounds}
    found |= {"laps": {name: [asdict(lap) for lap in some] for name, some in laps.items()}}
    path = ROOT / "build" / "store-throughput.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(f"\n{throughput_table(found)}\n\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
