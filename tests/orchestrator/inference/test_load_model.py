"""Which model names the faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.inference.load_model import recogniser_of
from storage.errors import InputError
from storage.runs import Run, open_run
from storage.schemas import COMPARISON
from storage.tables import read_table
from workers.jobs.refit_winner import winner_of


def test_the_winner_is_fitted_on_demand_once_and_then_read(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.store, tmp_path / "store", ignore=shutil.ignore_patterns("model"))
    run = open_run(tmp_path / "store", run.run_id)
    fitted: list[str] = []
    first = recogniser_of(run, before_fit=fitted.append)
    again = recogniser_of(run, before_fit=fitted.append)
    assert fitted == [winner_of(read_table(run.comparison, COMPARISON))]
    assert first.threshold == again.threshold
    assert first.model.labels == again.model.labels


def test_a_threshold_that_is_asked_for_wins(run: Run) -> None:
    assert recogniser_of(run, "knn-1", -0.25).threshold.value == -0.25
    assert recogniser_of(run, "knn-1").threshold.value != -0.25


def test_every_face_of_a_photo_counts_whatever_the_run_chose(run: Run) -> None:
    assert run.plan.engine.policy == "largest"
    assert recogniser_of(run, "knn-1").settings.policy == "all"


def test_a_baseline_that_looks_at_no_face_is_refused(run: Run) -> None:
    with pytest.raises(InputError, match="no configuration that looks at faces"):
        recogniser_of(run, "majority")
