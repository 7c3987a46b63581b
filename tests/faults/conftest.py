"""One broker and one set of workers for all fault tests of a test process; each test starts with an empty store."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.runs import list_runs, open_run
from tests.cluster import Cluster, running, tables
from tests.faults.machine import Machine
from tests.faults.marking import PLUGIN, mark
from workers.synthetic.photo_folder import write_folder

collect_ignore = ["marks"]
"""No test module: it changes the process that imports it."""

GATED = "bruno/bruno-003.jpg"
"""The photo at which a run waits while the gate is closed."""


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One folder for all test processes of this session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "faults"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people, five photos of each; one waits at the gate."""
    folder = tmp_path_factory.mktemp("photos") / "people"
    write_folder(folder, people=4, photos=5, seed=1, side=200, processes=1)
    mark(folder / GATED, "gate")
    return folder


@pytest.fixture(scope="session")
def gated(photos: Path) -> str:
    """The key of the photo that waits at the gate."""
    import hashlib

    return hashlib.sha256((photos / GATED).read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def undisturbed(photos: Path, shared_folder: Path) -> dict[str, bytes]:
    """The tables of a run without any fault, by one worker process; made once for all test processes."""
    with (shared_folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared_folder / "undisturbed"
        if not kept.exists():
            with running(shared_folder / "alone", PLUGIN, processes=1) as alone:
                alone.finish(alone.plan(photos))
            shutil.move(shared_folder / "alone" / "store", kept)
        return tables(open_run(kept, list_runs(kept)[0]))


@pytest.fixture(scope="session")
def one_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two worker processes for each queue."""
    with running(tmp_path_factory.mktemp("cluster"), PLUGIN, processes=2) as cluster:
        yield cluster


@pytest.fixture
def cluster(one_cluster: Cluster) -> Cluster:
    """The cluster, as if new."""
    one_cluster.start_afresh()
    return one_cluster


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with an empty store."""
    return Machine(tmp_path)
