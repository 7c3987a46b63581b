"""What competes must exist; the messages of a file are in test_experiment_file.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.experiment.chosen_configurations import check_configurations, known_configurations, take_parameters
from orchestrator.scheduler.planning import plan_run
from storage.errors import ExperimentError
from storage.experiments import MISSIONS_GRID, Experiment
from workers.learning.configurations import CONFIGURATIONS


def test_the_missions_grid_comes_first_and_every_configuration_is_known() -> None:
    known = known_configurations()
    assert known[: len(MISSIONS_GRID)] == MISSIONS_GRID
    assert set(known) == set(CONFIGURATIONS)
    check_configurations(Experiment(configurations=known))


def test_a_whole_number_for_a_real_one_is_taken_as_a_real_one() -> None:
    taken = take_parameters({"svm-rbf": {"C": 3, "tune": False}, "knn-3": {}})
    assert taken == {"svm-rbf": {"C": 3.0, "tune": False}, "knn-3": {}}
    assert isinstance(taken["svm-rbf"]["C"], float)


def test_an_experiment_that_comes_from_no_file_is_checked_when_it_is_planned(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"'knn-9'\. Did you mean"):
        plan_run(tmp_path, tmp_path, None, Experiment(configurations=("knn-9",)))
