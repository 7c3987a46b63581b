"""A store and photos in a bucket: the command does there what it does in a folder, and tells nobody its credentials."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.object_path import ObjectPath
from storage.runs import Run, list_runs, open_run
from tests.s3 import KEY, SECRET, S3Server
from workers.synthetic.photo_folder import write_folder

EXPERIMENT = """
configurations = ["knn-1", "svm-linear", "majority"]
[protocol]
min_photos_per_person = 2
"""

TIMED = {"comparison.parquet"}
"""Tables that hold measured times."""

pytestmark = pytest.mark.slow


def lineup(store: Path, *arguments: str, expected: int = 0) -> str:
    command = [sys.executable, "-c", "from orchestrator.cli.main import main; main()", *arguments]
    environment = {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1", "LINEUP_BROKER_URL": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=220)
    assert done.returncode == expected, done.stderr
    assert KEY not in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout + done.stderr


def only_run(store: Path) -> Run:
    (name,) = list_runs(store)
    return open_run(store, name)


def objects_below(place: ObjectPath) -> Iterator[tuple[str, bytes]]:
    return ((str(path), path.read_bytes()) for path, _ in place.listing())


def test_a_run_in_a_bucket_gives_the_tables_of_a_run_in_a_folder(
    s3: S3Server, bucket: ObjectPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert s3.port
    monkeypatch.setenv("LINEUP_CACHE", os.environ.get("LINEUP_CACHE", str(Path.home() / ".cache" / "lineup")))
    (tmp_path / "experiment.toml").write_text(EXPERIMENT)
    write_folder(tmp_path / "faces", 4, 6, seed=3, side=200)
    for path in (tmp_path / "faces").rglob("*.*"):
        (bucket / "photos" / path.relative_to(tmp_path / "faces")).put(path.read_bytes())
    here, there = tmp_path / "store", bucket / "some" / "store"
    arguments = ("-e", str(tmp_path / "experiment.toml"))
    lineup(here, "run", str(tmp_path / "faces"), *arguments)
    said = lineup(there, "run", str(bucket / "photos"), *arguments)

    one, other = only_run(here), only_run(there)
    assert f"Report: {other.report}/index.html" in said
    assert one.plan.fingerprint == other.plan.fingerprint
    tables = sorted(path.name for path in one.folder.glob("*.parquet"))
    assert tables == sorted(path.name for path in other.folder.glob("*.parquet"))
    assert [name for name in tables if (one.folder / name).read_bytes() != (other.folder / name).read_bytes()] == [
        *TIMED
    ]
    for path in one.scores.iterdir():
        assert path.read_bytes() == (other.scores / path.name).read_bytes()
    shutil.rmtree(here)

    for name, content in objects_below(there):
        assert KEY.encode() not in content, name
        assert SECRET.encode() not in content, name
    assert "all is well" in lineup(there, "check")
    assert "finished" in lineup(there, "status")
    person = sorted((tmp_path / "faces").iterdir())[0]
    assert person.name in lineup(there, "identify", str(person), "--quiet")
    assert "error" not in lineup(there, "doctor")
    lineup(there, "forget", person.name, "--yes")
    assert not any(person.name.encode() in content for name, content in objects_below(there) if ".parquet" not in name)
    lineup(there, "resume")
    lineup(there, "remove", other.run_id, "--yes")
    assert list_runs(there) == []
