"""The tables of a comparison, from a run's own tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator.scheduler.planning import plan_run
from storage.experiments import Experiment, Protocol
from storage.finding_schemas import OPERATING_POINTS
from storage.parts import list_parts, read_parts
from storage.schemas import COMPARISON, SCORES
from storage.tables import read_table
from tests.tiny_run import compare_here
from workers.synthetic.photo_folder import write_folder


def test_what_failed_on_one_split_has_no_operating_point(tmp_path: Path) -> None:
    """With photos 3 and 2 in two folds, lda has too few faces to train on in one of them."""
    write_folder(tmp_path / "faces", 2, 3, seed=3, side=200)
    next(iter(sorted((tmp_path / "faces" / "bruno").iterdir()))).unlink()
    protocol = Protocol(kind="kfold", folds=2, min_photos_per_person=2)
    experiment = replace(Experiment(protocol=protocol, configurations=("lda", "knn-1")), seed=1)
    run = plan_run(tmp_path / "store", tmp_path / "faces", None, experiment).run
    compare_here(run)
    outcomes = {row["configuration"]: row["outcome"] for row in read_table(run.comparison, COMPARISON).to_pylist()}
    assert outcomes == {"knn-1": "ok", "lda": "failed"}
    assert "lda" in read_parts(list_parts(run.scores), SCORES)["configuration"].to_pylist()
    points = read_table(run.table("operating_points"), OPERATING_POINTS)
    assert points["configuration"].to_pylist() == ["knn-1"]
