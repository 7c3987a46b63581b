"""A run that another version of the code resumes: the same engine gives the same tables, another is refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from storage.errors import RunStuck, StoreError
from storage.read_attempts import read_attempts
from storage.runs import Run, open_run
from storage.schemas import SCHEMA_VERSION
from tests.cluster import Cluster, check_no_stray_files, efforts, tables, wait_for
from workers.learning.configurations import LEARNING_VERSION


def half_done(cluster: Cluster, photos: Path) -> Run:
    """A run of which some photos are encoded and no process works on it any more."""
    run = cluster.plan(photos)
    reconciler = cluster.reconciler(run)
    cluster.drive(reconciler, until=lambda: reconciler.step().done >= 5)
    run.cancel()
    assert cluster.drive(reconciler).state == "cancelled"
    wait_for(lambda: not read_attempts(run.attempts)[0], "the end of what was begun")
    run.let_go_on()
    return run


def planned_by_another(run: Run, **changes: Any) -> None:
    """Write the plan as another version would have written it; without changes, as it was."""
    (run.folder / "run.json").write_text(json.dumps({**asdict(run.plan), **changes}))


def contents(run: Run) -> dict[str, bytes]:
    """Every table of a run and of its encodings."""
    paths = [path for folder in (run.folder, run.encodings) for path in folder.rglob("*.parquet")]
    return {str(path): path.read_bytes() for path in paths}


def test_another_version_with_the_same_engine_goes_on_to_the_same_tables(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = half_done(cluster, photos)
    before = set(efforts(run).column("photo_key").to_pylist())
    versions = {name: f"{version}.dev1" for name, version in run.plan.versions.items()}
    planned_by_another(run, versions={**versions, "lineup": "99.0"})
    run = open_run(cluster.store, run.run_id)
    assert run.plan.versions["lineup"] == "99.0"
    assert cluster.finish(run).state == "finished"
    assert tables(run) == undisturbed
    check_no_stray_files(cluster.store)
    counted = efforts(run).column("photo_key").to_pylist()
    assert len(counted) == len(set(counted)) == 20
    assert before < set(counted)


def test_another_engine_is_refused_and_what_is_done_stays_for_the_right_one(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = half_done(cluster, photos)
    before = contents(run)
    planned_by_another(run, engine_fingerprint="0" * 32)
    with pytest.raises(RunStuck, match="another version of the face engine"):
        cluster.finish(open_run(cluster.store, run.run_id))
    assert contents(run) == before
    planned_by_another(run)
    run = open_run(cluster.store, run.run_id)
    run.let_go_on()
    assert cluster.finish(run).state == "finished"
    assert tables(run) == undisturbed


def test_another_version_of_the_learning_code_is_refused_and_its_photos_stay_encoded(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = half_done(cluster, photos)
    planned_by_another(run, learning_version=LEARNING_VERSION + 1)
    with pytest.raises(RunStuck, match="another version of the code that learns"):
        cluster.finish(open_run(cluster.store, run.run_id))
    assert run.faces.exists()
    assert not list(run.scores.glob("*.parquet"))
    planned_by_another(run)
    run = open_run(cluster.store, run.run_id)
    run.let_go_on()
    assert cluster.finish(run).state == "finished"
    assert tables(run) == undisturbed


def test_tables_of_another_version_are_refused_and_stay_as_they_are(cluster: Cluster, photos: Path) -> None:
    run = half_done(cluster, photos)
    before = contents(run)
    planned_by_another(run, schema_version=SCHEMA_VERSION + 1)
    with pytest.raises(StoreError, match=f"version {SCHEMA_VERSION + 1}, this is {SCHEMA_VERSION}"):
        open_run(cluster.store, run.run_id)
    assert contents(run) == before
