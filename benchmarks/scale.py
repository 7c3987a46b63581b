"""Measure runs of many photos without the networks: memory by role, rates, bytes, objects. `make scale PHOTOS=100000`.

The photos are tiny and the null engine invents their faces (workers/faces/null_engine.py); all else is a run as any
other: catalogue, messages, Celery workers, Parquet, trainings of classical configurations on 1,000 people.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.memory_by_role import MemoryByRole
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.reconciler import Reconciler
from storage.parts import list_parts
from storage.runs import Run, list_runs, open_run

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PHOTOS_PER_PERSON = 10
"""At least; there are 1,000 people at most."""

CONFIGURATIONS = ("majority", "nearest-centroid", "cosine-centroid", "threshold-1nn", "knn-1", "knn-3", "lda")
"""Those whose fits take minutes at most on 70,000 faces of 1,000 people; --configurations names others."""

LOOK_SECONDS = 2.0
MOST_SECONDS = 4 * 3600


@dataclass
class Measured:
    """What was measured of one size.

    Attributes:
        peaks: by role, bytes.
        seconds: by what was done.
        bytes_by_folder, objects: of the store at the end.
        most_objects: the most files that the store held at once.
    """

    photos: int
    peaks: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    bytes_by_folder: dict[str, int] = field(default_factory=dict)
    objects: int = 0
    most_objects: int = 0


def main() -> None:
    """Measure each size up to --photos, and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--only", action="store_true", help="this size alone; others as they were measured before")
    parser.add_argument("--folder", type=Path, default=Path("build/scale"))
    parser.add_argument("--configurations", default=",".join(CONFIGURATIONS))
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    sizes = [asked.photos] if asked.only else sorted({size for size in SIZES if size < asked.photos} | {asked.photos})
    for size in sizes:
        measured = _measure(folder / str(size), size, asked.configurations.split(","))
        (folder / f"{size}.json").write_text(json.dumps(vars(measured), indent=1))
    found = sorted((json.loads(each.read_text()) for each in folder.glob("*.json")), key=lambda each: each["photos"])
    print("\n".join(table_of_sizes(found)))


def draw_photos(folder: Path, photos: int) -> None:
    """Tiny photos with different bytes in a folder a person; a photo's last word is its person."""
    from PIL import Image

    if (folder.parent / ".drawn").exists():
        return
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), (120, 90, 60)).save(picture, "JPEG")
    people = max(2, min(1_000, photos // PHOTOS_PER_PERSON))
    for number in range(photos):
        person = f"person-{number % people:04}"
        (folder / person).mkdir(parents=True, exist_ok=True)
        words = f" {number} {person}".encode()
        (folder / person / f"{number // people:05}.jpg").write_bytes(picture.getvalue() + words)
    (folder.parent / ".drawn").touch()
    time.sleep(3)  # a file that was changed just now is read again


def _measure(folder: Path, size: int, configurations: list[str]) -> Measured:
    photos, store = folder / "photos", folder / "store"
    draw_photos(photos, size)
    experiment = folder / "experiment.toml"
    names = ", ".join(f'"{name}"' for name in configurations)
    experiment.write_text(f"configurations = [{names}]\n[faces]\nnull_engine = true\n")
    measured = Measured(size)
    command = ["submit", str(photos), "-e", str(experiment)]
    measured.seconds["submit, all new"], measured.peaks["client"] = _command(store, *command)
    measured.seconds["submit, all known"], again = _command(store, *command)
    measured.peaks["client"] = max(measured.peaks["client"], again)
    run = open_run(store, list_runs(store)[0])
    progress = Progress(run)
    _resume(run, measured, progress, until=lambda: progress.encoded() >= size // 2)
    _probe(run, measured)
    before = progress.encoded()
    began = time.monotonic()
    _resume(run, measured, progress, until=lambda: progress.encoded() > before)
    measured.seconds["from resume to the next stored photo"] = time.monotonic() - began
    _resume(run, measured, progress, until=lambda: False)
    _stages(run, measured)
    files = [path for path in store.rglob("*") if path.is_file()]
    measured.objects = len(files)
    measured.bytes_by_folder = _by_folder(store, files)
    return measured


def _by_folder(store: Path, files: list[Path]) -> dict[str, int]:
    """Bytes of the encodings and of the run, each by folder or table."""
    sizes: Counter[str] = Counter()
    for path in files:
        parts = path.relative_to(store).parts
        name = {"encodings": f"encodings/{parts[2:3][0]}", "runs": f"run/{parts[2]}"} if len(parts) > 2 else {}
        sizes[name.get(parts[0], parts[0])] += path.stat().st_size
    return dict(sizes.most_common())


class Progress:
    """Counts encoded photos and the files of a store."""

    def __init__(self, run: Run) -> None:
        self._parts, self._store = run.encodings / "faces", run.store
        self._rows: dict[Path, int] = {}

    def encoded(self) -> int:
        """Rows of the parts so far."""
        for part in list_parts(self._parts):
            if part not in self._rows:
                self._rows[part] = int(pq.read_metadata(part).num_rows)
        return sum(self._rows.values())

    def objects(self) -> int:
        """Files of the store now."""
        return sum(len(files) for _, _, files in os.walk(self._store))


def _environment(store: Path) -> dict[str, str]:
    return {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1", "LINEUP_BROKER_URL": ""}


def _lineup(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from orchestrator.cli.main import main; main()", *arguments]


def _command(store: Path, *arguments: str) -> tuple[float, int]:
    """Seconds and peak memory in bytes of a command that ends."""
    began = time.monotonic()
    process = subprocess.Popen(_lineup(*arguments), env=_environment(store), stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"lineup {' '.join(arguments)} ended with {process.returncode}")
    return time.monotonic() - began, used.ru_maxrss * 1024


def _resume(run: Run, measured: Measured, progress: Progress, until: Any) -> None:
    """Work on a run until it ends, or kill its orchestrator when `until` says so."""
    arguments = _lineup("resume", run.run_id, "--quiet")
    log = (run.store.parent / "resume.log").open("ab")
    with log, subprocess.Popen(arguments, env=_environment(run.store), stdout=log, stderr=log) as process:  # noqa: S603
        memory, end, looked = MemoryByRole(process.pid), time.monotonic() + MOST_SECONDS, 0.0
        while process.poll() is None and time.monotonic() < end:
            memory.look()
            if until():
                process.send_signal(signal.SIGKILL)
                break
            if time.monotonic() - looked > 10 * LOOK_SECONDS:
                looked = time.monotonic()
                measured.most_objects = max(measured.most_objects, progress.objects())
            time.sleep(LOOK_SECONDS)
    for role, peak in memory.peak.items():
        measured.peaks[role] = max(measured.peaks.get(role, 0), peak)


def _probe(run: Run, measured: Measured) -> None:
    """Steps of an orchestrator on a run that is half done, with a broker and without workers."""
    with LocalCluster(run.store, queues=()) as cluster:
        began = time.monotonic()
        reconciler = Reconciler(run, cluster.broker)
        reconciler.step()
        measured.seconds["first step of an orchestrator"] = time.monotonic() - began
        began = time.monotonic()
        reconciler.step()
        measured.seconds["next step"] = time.monotonic() - began
        began, sent = time.monotonic(), 0
        while time.monotonic() - began < 3:
            cluster.broker.send("lineup.encode_photos", (run.run_id, ["0" * 64] * 64), "images", f"scale-{sent}")
            sent += 1
        measured.rates["messages a second"] = sent / (time.monotonic() - began)


def _stages(run: Run, measured: Measured) -> None:
    """When the tables of each stage were written, after the one before."""
    tables = {
        "faces": run.faces,
        "splits": run.splits,
        "comparison": run.comparison,
        "report": run.report / "index.html",
    }
    trained = max((path.stat().st_mtime for path in run.scores.iterdir()), default=0.0)
    times = {name: path.stat().st_mtime for name, path in tables.items()}
    measured.seconds["splits"] = times["splits"] - times["faces"]
    measured.seconds["trainings"] = trained - times["splits"]
    measured.seconds["comparison"] = times["comparison"] - trained
    measured.seconds["refit and report"] = times["report"] - times["comparison"]


def table_of_sizes(found: list[dict[str, Any]]) -> Iterator[str]:
    """The sizes side by side, as Markdown."""
    yield "| | " + " | ".join(f"{each['photos']:,}" for each in found) + " |"
    yield "|---|" + "---|" * len(found)
    for role in ("client", "orchestrator", "broker", "image worker", "training worker"):
        yield _line(f"memory of the {role}, MB", [each["peaks"].get(role, 0) / 1e6 for each in found])
    for name in dict.fromkeys(name for each in found for name in each["seconds"]):
        yield _line(f"{name}, s", [each["seconds"].get(name) for each in found])
    for name in dict.fromkeys(name for each in found for name in each["rates"]):
        yield _line(name, [each["rates"].get(name) for each in found])
    for folder in ("encodings/faces", "encodings/efforts", "run/faces.parquet", "run/scores", "run/splits.parquet"):
        yield _line(
            f"bytes a photo in `{folder}`", [each["bytes_by_folder"].get(folder, 0) / each["photos"] for each in found]
        )
    yield _line(
        "bytes a photo in the store", [sum(each["bytes_by_folder"].values()) / each["photos"] for each in found]
    )
    yield _line("objects at the end", [each["objects"] for each in found])
    yield _line("objects at most", [each["most_objects"] for each in found])


def _line(name: str, values: list[float | None]) -> str:
    shown = ["" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2g}" for value in values]
    return f"| {name} | " + " | ".join(shown) + " |"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
