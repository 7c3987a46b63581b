"""One run of many photos, measured: memory by role and stage, seconds, rates, bytes, objects.

Each step is noted in a file beside the store when it is done, so that a measurement that was stopped is continued. In
the middle of the photos the orchestrator is killed and started again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.memory_by_role import memory_by_role
from benchmarks.proc_status import proc_statuses
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.reconciler import Reconciler
from storage.part_checks import count_rows
from storage.parts import list_parts
from storage.runs import Run, list_runs, open_run
from storage.write_whole import write_bytes
from tests.cluster import descendants
from workers.learning.fit_timing import load_average

MEASURED = "measured.json"
LOOK_SECONDS = 5.0
MOST_SECONDS = 4 * 3600
"""Of one start of the orchestrator."""

ENDING_SECONDS = 120
STAGED_ROLES = ("orchestrator", "training worker")
"""Whose memory is told by stage; the others' does not depend on it."""


@dataclass
class Measured:
    """What was measured of one size.

    Attributes:
        done: the steps that need not be done again.
        peaks: by role, and by role and stage, bytes.
        seconds: by what was done.
        bytes_by_folder, objects: of the store at the end.
        most_objects: the most files that the store held at once.
        loads: the least and the greatest load of the machine over one minute.
    """

    photos: int
    done: list[str] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    bytes_by_folder: dict[str, int] = field(default_factory=dict)
    objects: int = 0
    most_objects: int = 0
    loads: list[float] = field(default_factory=list)

    def note_peak(self, name: str, peak: int) -> None:
        """Keep it where it is the largest of that name."""
        if peak:
            self.peaks[name] = max(self.peaks.get(name, 0), peak)


def measure(folder: Path, photos: Path, experiment: Path, size: int) -> Measured:
    """Measure a run of these photos in `folder`, or go on where an earlier call was stopped.

    Raises SystemExit where a command failed, or took MOST_SECONDS.
    """
    file = folder / MEASURED
    measured = Measured(**json.loads(file.read_text())) if file.exists() else Measured(size)
    store = folder / "store"
    submit = ["submit", str(photos), "-e", str(experiment)]

    def save() -> None:
        write_bytes(file, json.dumps(asdict(measured), indent=1).encode())

    def step(name: str, do: Callable[[], None]) -> None:
        if name not in measured.done:
            print(f"{size:,} photos: {name}", flush=True)
            do()
            measured.done.append(name)
            save()

    step("submit, all new", lambda: _submit(measured, "submit, all new", store, *submit))
    step("submit, all known", lambda: _submit(measured, "submit, all known", store, *submit))
    run = open_run(store, list_runs(store)[0])
    encoded = Encoded(run)
    start = RunStarter(run, measured, save)
    step("half of the photos", lambda: start.until(lambda: encoded.count() >= size // 2))
    step("an orchestrator alone", lambda: _probe(run, measured))
    step("the next photo", lambda: _next_photo(start, measured, encoded))
    step("the rest", lambda: start.until(lambda: False))
    step("the store", lambda: _end(run, measured))
    return measured


class Encoded:
    """Counts the encoded photos of a run."""

    def __init__(self, run: Run) -> None:
        self._parts = run.encodings / "faces"
        self._rows: dict[Path, int] = {}

    def count(self) -> int:
        """Rows of the parts that are there now; those that were merged since are counted once."""
        self._rows = {part: self._rows.get(part) or count_rows(part) or 0 for part in list_parts(self._parts)}
        return sum(self._rows.values())


class RunStarter:
    """Starts `lineup resume`, and watches it.

    Args:
        save: called after each look.
    """

    def __init__(self, run: Run, measured: Measured, save: Callable[[], None]) -> None:
        self._run, self._measured, self._save = run, measured, save

    def until(self, reached: Callable[[], bool]) -> None:
        """Work on the run until it ends, or kill its orchestrator when `reached` says so; raises as `measure` does."""
        store = self._run.store
        command, path = _lineup("resume", self._run.run_id, "--quiet"), store.parent / "resume.log"
        end = time.monotonic() + MOST_SECONDS
        with path.open("ab") as log:
            process = subprocess.Popen(command, env=_environment(store), stdout=log, stderr=log)  # noqa: S603
            try:
                while process.poll() is None:
                    if time.monotonic() > end:
                        raise SystemExit(f"lineup resume does not end; see {path}")
                    self._look(process.pid)
                    if reached():
                        return
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(LOOK_SECONDS)
            finally:
                below = set(descendants(process.pid))
                process.kill()
                process.wait()
                _wait_for_ends(below)
        if process.returncode:
            raise SystemExit(f"lineup resume ended with {process.returncode}; see {path}")

    def _look(self, pid: int) -> None:
        stage = next((name for name, table in _tables(self._run).items() if not table.exists()), "")
        for role, peak in memory_by_role(pid).items():
            self._measured.note_peak(role, peak)
            if stage and role in STAGED_ROLES:
                self._measured.note_peak(f"{role}, to {stage}", peak)
        load = load_average()
        if load is not None:
            self._measured.loads = [min([*self._measured.loads, load]), max([*self._measured.loads, load])]
        files = sum(len(files) for _, _, files in os.walk(self._run.store))
        self._measured.most_objects = max(self._measured.most_objects, files)
        self._save()


def _tables(run: Run) -> dict[str, Path]:
    """What each stage writes last, by its name."""
    return {
        "the table of faces": run.faces,
        "the splits": run.splits,
        "the comparison": run.comparison,
        "the report": run.report / "index.html",
    }


def _wait_for_ends(pids: set[int]) -> None:
    """Wait until the processes of a killed orchestrator have ended, which they do by themselves."""
    end = time.monotonic() + ENDING_SECONDS
    while pids & {each.pid for each in proc_statuses()}:
        if time.monotonic() > end:
            raise SystemExit(f"processes {sorted(pids)} of a killed orchestrator do not end")
        time.sleep(1)


def _environment(store: Path) -> dict[str, str]:
    return {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1", "LINEUP_BROKER_URL": ""}


def _lineup(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from orchestrator.cli.main import main; main()", *arguments]


def _submit(measured: Measured, name: str, store: Path, *arguments: str) -> None:
    """Run a command that ends, and note its seconds and its peak memory."""
    began = time.monotonic()
    process = subprocess.Popen(_lineup(*arguments), env=_environment(store), stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"lineup {' '.join(arguments)} ended with {process.returncode}")
    measured.seconds[name] = time.monotonic() - began
    measured.seconds[f"{name}: of the processor"] = used.ru_utime + used.ru_stime
    measured.note_peak("client", used.ru_maxrss * 1024)


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


def _next_photo(start: RunStarter, measured: Measured, encoded: Encoded) -> None:
    before, began = encoded.count(), time.monotonic()
    start.until(lambda: encoded.count() > before)
    measured.seconds["from resume to the next stored photo"] = time.monotonic() - began


def _end(run: Run, measured: Measured) -> None:
    """When the tables of each stage were written, after the one before; and what is in the store."""
    trained = max((path.stat().st_mtime for path in run.scores.iterdir()), default=0.0)
    times = {name: table.stat().st_mtime for name, table in _tables(run).items()}
    measured.seconds["splits"] = times["the splits"] - times["the table of faces"]
    measured.seconds["trainings"] = trained - times["the splits"]
    measured.seconds["comparison"] = times["the comparison"] - trained
    measured.seconds["refit and report"] = times["the report"] - times["the comparison"]
    files = [path for path in run.store.rglob("*") if path.is_file()]
    measured.objects = len(files)
    sizes: Counter[str] = Counter()
    for path in files:
        parts = path.relative_to(run.store).parts
        name = {"encodings": f"encodings/{parts[2:3][0]}", "runs": f"run/{parts[2]}"} if len(parts) > 2 else {}
        sizes[name.get(parts[0], parts[0])] += path.stat().st_size
    measured.bytes_by_folder = dict(sizes.most_common())
