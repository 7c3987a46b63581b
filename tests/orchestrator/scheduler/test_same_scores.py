"""Here or in workers, in one or in two, today or tomorrow: the same scores to the byte, networks included."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.experiment.experiment_file import from_toml
from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.status import status_of
from storage.runs import Run
from tests.cluster import Cluster, tables
from tests.tiny_run import compare_here
from workers.queue.task_names import TRAINING
from workers.synthetic.photo_folder import write_folder

QUICK = """
configurations = ["cnn-small-crop", "dense", "svm-rbf", "knn-1"]
[parameters.cnn-small-crop]
epochs = 1
[parameters.dense]
epochs = 2
[protocol]
min_photos_per_person = 2
"""
WITH_EVERY_TRICK = """
configurations = ["cnn-regularized-aligned", "cnn-small-crop", "dense", "svm-rbf", "knn-1"]
[parameters.cnn-regularized-aligned]
epochs = 2
members = 2
patience = 1
[parameters.cnn-small-crop]
epochs = 1
[parameters.dense]
epochs = 2
[protocol]
kind = "kfold"
folds = 2
min_photos_per_person = 2
"""

PATIENCE_SECONDS = 600
"""Three processes import TensorFlow and compile networks; a busy machine takes minutes."""


def compared_here(folder: Path, experiment: str) -> Run:
    """A run of twelve photos whose every training was done in this process."""
    write_folder(folder / "faces", people=3, photos=4, seed=3, side=160, processes=1)
    run = plan_run(folder / "store", folder / "faces", None, from_toml(experiment)).run
    compare_here(run)
    return run


def trained_again(run: Run, processes: int) -> dict[str, bytes]:
    """Every table after so many worker processes have done all trainings anew."""
    for name in ("scores", "fits"):
        shutil.rmtree(run.folder / name)
    run.comparison.unlink(missing_ok=True)
    store = run.folder.parents[1]
    with LocalCluster(store, processes=processes, queues=[TRAINING]) as stack:
        reconciler = Reconciler(run, stack.broker)
        Cluster(store, stack, Path()).drive(reconciler, lambda: status_of(run).stage != "training", PATIENCE_SECONDS)
    return tables(run)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_two_workers_score_what_this_process_scored_networks_included(tmp_path: Path) -> None:
    run = compared_here(tmp_path, QUICK)
    here = tables(run)
    assert len(here) == 6  # four trainings, the faces and the splits
    assert trained_again(run, processes=2) == here


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_one_worker_and_two_score_the_same_in_every_fold(tmp_path: Path) -> None:
    run = compared_here(tmp_path, WITH_EVERY_TRICK)
    here = tables(run)
    assert len(here) == 12
    assert trained_again(run, processes=1) == here
    assert trained_again(run, processes=2) == here
