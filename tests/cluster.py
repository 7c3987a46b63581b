"""A real broker and real workers for tests, and a run stepped through them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import redis

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.service import try_step
from orchestrator.scheduler.status import Status, status_of
from storage.liveness import liveness_of
from storage.open_store import open_store
from storage.parts import read_parts
from storage.read_attempts import read_attempts
from storage.runs import Run
from storage.schemas import EFFORTS, RUN_FACES
from workers.queue.broker_options import store_options
from workers.queue.environment import Settings

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 120
"""Far beyond what a run of twenty photos takes on a busy machine; ends a test with a reason and not by timeout."""

ROOT = Path(__file__).parents[1]

CHEAP: dict[str, Any] = {"configurations": ["knn-1", "majority"]}


class QueueClient(redis.Redis):
    """A client that reads and writes the queues of a store by their plain names, as Celery does."""

    prefix = ""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """With the store's prefix before the name of a queue."""
        if args[0] in ("LLEN", "LPUSH", "LRANGE", "LPOP", "RPOP", "DEL"):
            args = (args[0], self.prefix + args[1], *args[2:])
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


def queues_of(store: Path, url: str) -> redis.Redis:
    """The queues of a store in a broker."""
    options = store_options(url, store, Settings())
    client = QueueClient(connection_pool=options.redis_client().connection_pool)
    client.prefix = options.prefix
    return client


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Look again and again until it is so; raises AssertionError naming what did not come."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        pause.wait(POLL_SECONDS)


def plan(store: Path, photos: Path, **experiment: Any) -> Run:
    """The plan of a cheap run."""
    return plan_run(store, photos, None, from_dict({**CHEAP, **experiment})).run


def tables(run: Run) -> dict[str, bytes]:
    """Every computed table of a run, as the bytes on disk."""
    paths = [run.faces, run.splits, *sorted(run.scores.glob("*.parquet"))]
    return {str(path.relative_to(run.folder)): path.read_bytes() for path in paths}


def outcomes(run: Run) -> dict[str, tuple[str, str]]:
    """photo_key to (outcome, reason); fails where a photo has two rows in a run of one face a photo."""
    faces = read_parts([run.faces], RUN_FACES).to_pylist()
    found = {row["photo_key"]: (row["outcome"], row["reason"]) for row in faces}
    assert len(found) == len(faces)
    return found


def efforts(run: Run) -> pa.Table:
    """What each photo cost, from all parts of the run's encodings."""
    return read_parts(sorted((run.encodings / "efforts").glob("*.parquet")), EFFORTS)


def stray_files(folder: Path) -> list[Path]:
    """Files that a writer or an attempt left behind."""
    return [path for path in folder.rglob("*") if path.name.endswith((".writing", ".attempt"))]


def check_no_stray_files(folder: Path) -> None:
    """Nothing was left behind; the last process at work may end a moment after its result is there."""
    wait_for(lambda: not stray_files(folder), "the end of the last attempts", seconds=60)


def pids_at(run: Run, key: str) -> list[int]:
    """The processes of this machine that have begun a photo or training and are still at it."""
    found: list[int] = []
    for path in run.attempts.glob("*.attempt"):
        # another photo's attempt may end, and take its file along, between the listing and the reading
        with contextlib.suppress(FileNotFoundError):
            held = liveness_of(path).is_held(path)  # a dead one's file may lie there still
            text = path.read_text(errors="replace")
            host, pid = text.split(maxsplit=2)[:2] if held else ("", "")
            found += [int(pid)] if held and key in text and host == socket.gethostname() else []
    return found


def descendants(pid: int) -> list[int]:
    """The children of a process and theirs, as Linux lists them."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            # "pid (name) state parent ...", and the name may hold anything
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = list(parents.get(pid, []))
    for child in found:
        found.extend(parents.get(child, []))
    return found


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class Cluster:
    """A broker and workers with their store.

    Args:
        marks: folder that marked photos (tests/faults/marking.py) look into.
    """

    store: Path
    stack: LocalCluster
    marks: Path

    def plan(self, photos: Path, **experiment: Any) -> Run:
        """The plan of a cheap run in this store."""
        return plan(self.store, photos, **experiment)

    def reconciler(self, run: Run, photos_per_task: int = 1) -> Reconciler:
        """An orchestrator's mind; it may be thrown away and made anew at any moment."""
        return Reconciler(run, self.stack.broker, photos_per_task)

    def finish(self, run: Run) -> Status:
        """Bring a run to its end."""
        return self.drive(self.reconciler(run))

    def drive(
        self, reconciler: Reconciler, until: Callable[[], object] = lambda: False, seconds: float = PATIENCE_SECONDS
    ) -> Status:
        """Step a run until it is not running any more or `until` is so; dead processes are started again.

        Raises:
            AssertionError: neither came in time; says where the run stands.
        """
        pause = threading.Event()
        end = time.monotonic() + seconds
        while True:
            status = try_step(reconciler)
            if status.state != "running" or until():
                return status
            assert time.monotonic() < end, f"still at {status} after {seconds} s\n{self.last_words()}"
            pause.wait(POLL_SECONDS)
            self.stack.restart_dead()

    def drive_by_many(self, run: Run) -> int:
        """Bring a run to its end by orchestrators that each die as soon as they see something new.

        Returns:
            How many there were.
        """
        seen: list[Status] = []
        while not seen or seen[-1].state == "running":
            seen.append(self.drive(self.reconciler(run), until=lambda: status_of(run) not in seen))
        return len(seen)

    def worker(self, queue: str) -> Any:
        """The main process of a queue's worker."""
        return next(child for child in self.stack.children() if child.name == f"worker-{queue}")

    def broker_process(self) -> Any:
        """The private Valkey."""
        return self.stack.children()[0]

    def broker_files(self) -> list[Path]:
        """Folders in which the broker keeps its queues."""
        (folder,) = self.connection().config_get("dir").values()
        assert folder
        found = list(Path(folder).glob("appendonlydir"))
        assert found
        return found

    def connection(self) -> redis.Redis:
        """The broker, spoken to directly; names of queues are those of the store."""
        return queues_of(self.store, self.stack.broker_url)

    def start_afresh(self) -> None:
        """An empty store, empty queues, no marks, everybody alive; loaded workers stay loaded."""
        self.stack.restart_dead()
        wait_for(self.connection().ping, "the broker")
        self.connection().flushall()
        wait_for(self._is_idle, "the end of what an earlier test began")
        for folder in (self.store / "runs", self.store / "encodings", self.marks):
            shutil.rmtree(folder, ignore_errors=True)
        self.marks.mkdir()

    def _is_idle(self) -> bool:
        return not any(read_attempts(folder)[0] for folder in self.store.glob("runs/*/attempts"))

    def last_words(self) -> str:
        """The end of each log."""
        logs = sorted((self.store / "logs").glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in logs)


def environment_of(plugin: Path, marks: Path) -> dict[str, str]:
    """What a process needs to load `plugin`, and the project from where these tests are."""
    return {"PYTHONPATH": os.pathsep.join((str(plugin), str(ROOT))), "LINEUP_TEST_MARKS": str(marks)}


@contextlib.contextmanager
def running(folder: Path, plugin: Path, processes: int) -> Iterator[Cluster]:
    """A cluster whose workers load `plugin` (a folder with a sitecustomize.py)."""
    store, marks = folder / "store", folder / "marks"
    for each in (store, marks):
        each.mkdir(parents=True)
    open_store(store)
    stack = LocalCluster(store, processes=processes)
    for child in stack.children():
        child.environment = {**child.environment, **environment_of(plugin, marks)}
    with stack:
        yield Cluster(store, stack, marks)
