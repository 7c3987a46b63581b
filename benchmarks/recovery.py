"""Time without work after a process dies: `make recovery` prints a table and writes build/recovery-WAY.json.

WAY: locks or leases (LINEUP_LIVENESS=leases) in a folder, or s3, a store in moto's S3, and so leases. Deaths of the
broker do not depend on it and are measured with locks only.
Two image workers of one process each, a training worker and an orchestrator run by the command line. A killed worker is
started again after its photo ran elsewhere; a killed broker is started again at once, as a supervisor does.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import platform
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.local.child_process import ChildProcess
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.work import planned_photos
from storage.encodings import Done
from storage.errors import BrokerError
from storage.liveness import LOCKS, VARIABLE
from storage.runs import Run
from tests.cluster import descendants, pids_at, plan, wait_for
from tests.faults.marking import PLUGIN, closed_gate, comment, mark
from tests.s3 import store_in_s3
from tests.services import Services, services_in
from workers.cores import usable_cores
from workers.queue.broker_options import store_options
from workers.synthetic.photo_folder import write_folder

PEOPLE, PHOTOS, COPIES = 4, 10, 8
BEGUN = 20
"""Photos that are done when the broker is killed; by then all processes work."""

IN_HAND = 2
"""Photos that the two processes can finish without a broker; further photos are new work."""

OUT = Path("build")


class Recovery:
    """Measures on one cluster; each measurement is a run over photos that are not encoded yet."""

    def __init__(self, folder: Path, services: Services) -> None:
        self._services = services
        self._folder = folder
        self._drawn = folder / "drawn"
        self._broker = Broker(store_options(services.environment["LINEUP_BROKER_URL"], services.store))
        self._numbers = itertools.count()
        write_folder(self._drawn, PEOPLE, PHOTOS, seed=1, side=250, processes=1)

    def worker_dies(self, kill: Callable[[ChildProcess, int], None]) -> float:
        """Seconds from the kill until another process begins its photo."""
        services = self._services
        photos = self._photos(copies=1)
        key = mark(sorted(photos.glob("*/*.jpg"))[-1], "gate")
        with closed_gate(services.marks):
            run = plan(services.store, photos, configurations=["majority"])
            wait_for(lambda: pids_at(run, key), "the photo at the gate")
            (pid,) = pids_at(run, key)
            worker = next(each for each in services.workers if pid in descendants(each.pid))
            began = time.monotonic()
            kill(worker, pid)
            wait_for(lambda: set(pids_at(run, key)) - {pid}, "the photo at another process")
            seconds = time.monotonic() - began
        self._settle(run)
        return seconds

    def broker_dies(self, keeps_its_file: bool) -> float:
        """Seconds from the broker's first answer until a photo is done that no process had begun before."""
        services = self._services
        run, done = self._under_way()
        services.broker.kill()
        if not keeps_its_file:
            services.empty_memory()
        services.broker.start()
        wait_for(services.answers, "the broker")
        began, before = time.monotonic(), done()
        wait_for(lambda: done() > before + IN_HAND, "new work")
        seconds = time.monotonic() - began
        self._settle(run)
        return seconds

    def links_are_cut(self) -> float:
        """Seconds from the cut of every connection until a photo is done that no process had begun before."""
        run, done = self._under_way()
        began, before = time.monotonic(), done()
        self._services.proxy.cut()
        wait_for(lambda: done() > before + IN_HAND, "new work")
        seconds = time.monotonic() - began
        self._settle(run)
        return seconds

    def _under_way(self) -> tuple[Run, Callable[[], int]]:
        """A run in which all processes work, and a counter of its finished photos."""
        run = plan(self._services.store, self._photos(COPIES), configurations=["majority"])
        encoded, wanted = Done(run.encodings / "faces"), planned_photos(run).keys()

        def done() -> int:
            return len(encoded.look() & wanted)

        wait_for(lambda: done() >= BEGUN, "the first photos")
        return run, done

    def ready(self) -> None:
        """Start dead services, and wait until all workers answer."""
        for each in self._services.everybody:
            if not each.alive:
                each.start()
        wait_for(self._all_answer, "every worker")

    def _all_answer(self) -> bool:
        with contextlib.suppress(BrokerError):  # the first request after a restart may use a dead connection
            return len(self._broker.queues()) == len(self._services.workers)
        return False

    def _settle(self, run: Run) -> None:
        self.ready()
        wait_for(lambda: run.finished, f"the end of {run.run_id}")
        wait_for(self._services.is_idle, "silence")

    def _photos(self, copies: int) -> Path:
        photos = self._folder / f"photos-{next(self._numbers)}"
        for copy in range(copies):
            for file in sorted(self._drawn.glob("*/*.jpg")):
                target = photos / file.parent.name / f"{copy}-{file.name}"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
                comment(target, f"{photos.name} {copy}")
        return photos


def _kill_child(_worker: ChildProcess, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _kill_main(worker: ChildProcess, _pid: int) -> None:
    os.kill(worker.pid, signal.SIGKILL)


def _kill_all(worker: ChildProcess, _pid: int) -> None:
    worker.kill()


def _kill_host(worker: ChildProcess, _pid: int) -> None:
    """The keepers of the leases of a worker's processes, too: nothing tells that they died."""
    pids = descendants(worker.pid)
    worker.kill()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def measured(tries: int, folder: Path, store: Path | None, broker_too: bool) -> dict[str, list[float]]:
    """Seconds of each try, by fault."""
    with services_in(folder / "cluster", PLUGIN, orchestrators=1, store=store) as services:
        recovery = Recovery(folder, services)
        recovery.ready()
        cases: dict[str, Callable[[], float]] = {
            "a worker's process is killed": lambda: recovery.worker_dies(_kill_child),
            "a worker's main process is killed": lambda: recovery.worker_dies(_kill_main),
            "a worker is killed with its processes": lambda: recovery.worker_dies(_kill_all),
            "a worker is killed with all that its host would run": lambda: recovery.worker_dies(_kill_host),
        }
        of_broker: dict[str, Callable[[], float]] = {
            "the broker is killed, and keeps its file": lambda: recovery.broker_dies(keeps_its_file=True),
            "the broker is killed, and its file is gone": lambda: recovery.broker_dies(keeps_its_file=False),
            "every connection is cut": recovery.links_are_cut,
        }
        cases |= of_broker if broker_too else {}
        found: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(tries):  # in turns, so that a slow minute affects all faults
            for name, measure in cases.items():
                found[name].append(round(measure(), 2))
                print(f"{found[name][-1]:6.1f} s  {name}", flush=True)
    return found


def drawn(found: dict[str, list[float]]) -> str:
    """The figures as a table."""
    lines = [f"{'seconds until work goes on':<52}{'median':>8}{'most':>8}{'tries':>8}"]
    for name, seconds in found.items():
        lines.append(f"{name:<52}{statistics.median(seconds):>8.1f}{max(seconds):>8.1f}{len(seconds):>8}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write build/recovery-WAY.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--tries", type=int, default=5)
    parser.add_argument("--store", choices=("folder", "s3"), default="folder", help="s3: that of moto's server")
    chosen = parser.parse_args()
    way = "s3" if chosen.store == "s3" else (os.environ.get(VARIABLE) or LOCKS).partition(":")[0]
    folder = Path(tempfile.mkdtemp(prefix="lineup-recovery-"))
    try:
        with store_in_s3() if way == "s3" else contextlib.nullcontext() as store:
            found = measured(chosen.tries, folder, store, broker_too=way == LOCKS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    load = os.getloadavg()[2]  # of the last quarter of an hour, these services included
    machine = f"{platform.machine()}, {usable_cores()} cores, load {load:.0f}"
    OUT.mkdir(exist_ok=True)
    (OUT / f"recovery-{way}.json").write_text(json.dumps({"machine": machine, "seconds": found}, indent=2))
    print(f"\n{drawn(found)}")


if __name__ == "__main__":
    main()
