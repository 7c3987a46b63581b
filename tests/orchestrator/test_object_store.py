"""A store and photos in a bucket: the command does there what it does in a folder, and tells nobody its credentials."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.object_path import ObjectPath
from storage.runs import Run, list_runs, open_run
from tests.cluster import wait_for
from tests.object_servers import ACCOUNT_KEY
from tests.s3 import KEY, SECRET, FaultyProxy
from workers.synthetic.photo_folder import write_folder

EXPERIMENT = """
configurations = ["knn-1", "svm-linear", "majority"]
[protocol]
min_photos_per_person = 2
"""

TIMED = {"comparison.parquet"}
"""Tables that hold measured times."""

pytestmark = pytest.mark.slow


MAIN = "from orchestrator.cli.main import main; main()"


def environment(store: Path) -> dict[str, str]:
    return {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1", "LINEUP_BROKER_URL": ""}


def lineup(store: Path, *arguments: str) -> str:
    """What the command says; in nothing of it are the credentials."""
    command = [sys.executable, "-c", MAIN, *arguments]
    done = subprocess.run(command, env=environment(store), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in (KEY, SECRET, ACCOUNT_KEY))
    return done.stdout + done.stderr


def only_run(store: Path) -> Run:
    (name,) = list_runs(store)
    return open_run(store, name)


def objects_below(place: ObjectPath) -> Iterator[tuple[str, bytes]]:
    return ((str(path), path.read_bytes()) for path, _ in place.listing())


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with faces/, experiment.toml and the store of a finished run of them."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "experiment.toml").write_text(EXPERIMENT)
    write_folder(folder / "faces", 4, 6, seed=3, side=200)
    lineup(folder / "store", "run", str(folder / "faces"), "-e", str(folder / "experiment.toml"))
    return folder


def upload(faces: Path, place: ObjectPath) -> None:
    for path in faces.rglob("*.*"):
        (place / str(path.relative_to(faces))).put(path.read_bytes())


def assert_equal_tables(one: Run, other: Run) -> None:
    assert one.plan.fingerprint == other.plan.fingerprint
    tables = sorted(path.name for path in one.folder.glob("*.parquet"))
    assert tables == sorted(path.name for path in other.folder.glob("*.parquet"))
    different = {name for name in tables if (one.folder / name).read_bytes() != (other.folder / name).read_bytes()}
    assert different == TIMED
    for path in one.scores.iterdir():
        assert path.read_bytes() == (other.scores / path.name).read_bytes()


def test_a_run_in_a_bucket_gives_the_tables_of_a_run_in_a_folder(here: Path, bucket: ObjectPath) -> None:
    # of the names, this one has letters that are no hex digits: the store holds many of those
    there, person = bucket / "some" / "store", here / "faces" / "bruno"
    upload(here / "faces", bucket / "photos")
    said = lineup(there, "run", str(bucket / "photos"), "-e", str(here / "experiment.toml"))
    run = only_run(there)

    assert f"Report: {run.report}/index.html" in said
    assert_equal_tables(only_run(here / "store"), run)
    for name, content in objects_below(there):
        assert not any(secret.encode() in content for secret in (KEY, SECRET, ACCOUNT_KEY)), name
    assert "all is well" in lineup(there, "check")
    assert "finished" in lineup(there, "status")
    assert person.name in lineup(there, "identify", str(person), "--quiet")
    assert "error" not in lineup(there, "doctor")
    lineup(there, "forget", person.name, "--yes")
    named = [name for name, content in objects_below(there) if person.name.encode() in content]
    assert [name for name in named if ".parquet" not in name] == []
    lineup(there, "resume")
    lineup(there, "remove", run.run_id, "--yes")
    assert list_runs(there) == []


def test_a_run_survives_a_store_that_is_slow_busy_and_cut_off(
    here: Path, bucket: ObjectPath, faulty: FaultyProxy
) -> None:
    upload(here / "faces", bucket / "photos")
    faulty.latency, faulty.every = 0.05, 15
    lineup(bucket / "store", "run", str(bucket / "photos"), "-e", str(here / "experiment.toml"))
    faulty.latency, faulty.every = 0, 0

    assert faulty.made > 30
    assert_equal_tables(only_run(here / "store"), only_run(bucket / "store"))


def test_a_run_goes_on_when_its_store_is_back(here: Path, bucket: ObjectPath, faulty: FaultyProxy) -> None:
    """A minute without an answer, in which the workers pause and the run says what it waits for."""
    upload(here / "faces", bucket / "photos")
    command = [sys.executable, "-c", MAIN, "run", str(bucket / "photos"), "-e", str(here / "experiment.toml")]
    with subprocess.Popen(command, env=environment(bucket / "store"), stderr=subprocess.PIPE, text=True) as running:
        wait_for(lambda: any(one == "PUT" and ".attempt" in path for one, path in faulty.requests), "an attempt")
        faulty.closed = True
        time.sleep(60)
        faulty.closed = False
        said = running.communicate(timeout=200)[1]

    assert running.returncode == 0, said
    assert "the store is away" in said
    assert_equal_tables(only_run(here / "store"), only_run(bucket / "store"))
