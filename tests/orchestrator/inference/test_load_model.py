"""Which model names the faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.inference.load_model import recogniser_of
from storage.errors import InputError
from storage.runs import Run, open_run
from workers.jobs.refit_winner import winner_of_run


def test_the_winner_is_fitted_on_demand_once_and_then_read(run: Run, tmp_path: Path) -> None:
    shutil.copytree(run.store, tmp_path / "store", ignore=shutil.ignore_patterns("model"))
    run = open_run(tmp_path / "store", run.run_id)
    fitted: list[str] = []
    first = recogniser_of(run, before_fit=fitted.append)
    again = recogniser_of(run, before_fit=fitted.append)
    assert fitted == [winner_of_run(run)]
    assert first.threshold == again.threshold
    assert first.model.labels == again.model.labels


def test_a_threshold_that_is_asked_for_wins(run: Run) -> None:
    asked = recogniser_of(run, "knn-1", 75)
    assert asked.needed_likeness == pytest.approx(75)
    assert asked.operating is None  # measured at another threshold
    assert recogniser_of(run, "knn-1").needed_likeness != pytest.approx(75)


def test_every_face_of_a_photo_counts_whatever_the_run_chose(run: Run) -> None:
    assert run.plan.engine.policy == "central"
    assert recogniser_of(run, "knn-1").settings.policy == "all"


def test_a_baseline_that_looks_at_no_face_is_refused(run: Run) -> None:
    with pytest.raises(InputError, match="no configuration that looks at faces"):
        recogniser_of(run, "majority")
