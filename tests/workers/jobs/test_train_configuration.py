"""One training in this process: done once, refused where the run has none, a failed row after too many deaths."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from storage.attempts import Attempt
from storage.errors import StoreError
from storage.parts import part_path, read_part
from storage.read_attempts import read_attempts
from storage.runs import Run, open_run
from storage.schemas import COMPARISON, FITS, SCORES, SPLITS
from tests.tiny_run import tiny_run
from workers.jobs import train_configuration as room
from workers.jobs.compare_run import compare
from workers.jobs.job import Refused
from workers.jobs.part_names import training_part
from workers.jobs.planned_trainings import planned_trainings
from workers.jobs.train_configuration import train


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three people, four photos each, compared."""
    return tiny_run(tmp_path_factory.mktemp("finished"), people=3, photos=4)


@pytest.fixture
def run(finished: Run, tmp_path: Path) -> Run:
    """A copy whose `knn-1` is still to be trained."""
    shutil.copytree(finished.folder.parents[1], tmp_path / "store")
    run = open_run(tmp_path / "store", finished.run_id)
    run.comparison.unlink()
    for path in results(run):
        path.unlink()
    return run


def results(run: Run) -> list[Path]:
    """The fit and the scores of `knn-1`."""
    part = training_part(run.plan.fingerprint, "knn-1", 0, 0)
    return [part_path(folder, part) for folder in (run.fits, run.scores)]


def test_a_training_gives_a_fit_and_a_score_for_each_test_face_the_same_to_the_byte(run: Run, finished: Run) -> None:
    train(run, "knn-1", 0, 0)
    fits, scores = results(run)
    assert scores.read_bytes() == results(finished)[1].read_bytes()
    splits, table = read_part(run.splits, SPLITS), read_part(scores, SCORES)
    assert splits is not None
    assert table is not None
    tests = [row for row in splits.to_pylist() if row["role"] == "test"]
    assert table.num_rows == len(tests) > 0
    fit = read_part(fits, FITS)
    assert fit is not None
    assert fit.to_pylist()[0]["outcome"] == "ok"
    assert read_attempts(run.attempts) == (set(), [])


def test_a_training_that_is_done_or_cancelled_is_not_begun(run: Run) -> None:
    run.cancel()
    train(run, "knn-1", 0, 0)
    assert not any(path.exists() for path in results(run))
    run.let_go_on()
    train(run, "knn-1", 0, 0)
    before = [path.stat().st_mtime_ns for path in results(run)]
    train(run, "knn-1", 0, 0)
    assert [path.stat().st_mtime_ns for path in results(run)] == before


def test_one_whose_process_died_too_often_is_a_failed_row_with_a_reason(run: Run) -> None:
    part = training_part(run.plan.fingerprint, "knn-1", 0, 0)
    for _ in range(run.plan.experiment.attempts):
        with Attempt(run.attempts, part) as attempt:
            text = attempt.path.read_text() + f"{part}\n"
        attempt.path.write_text(text)
    train(run, "knn-1", 0, 0)
    fit = read_part(results(run)[0], FITS)
    assert fit is not None
    (row,) = fit.to_pylist()
    assert (row["outcome"], row["reason"]) == ("failed", "its process died 3 times")
    compare(run)
    table = read_part(run.comparison, COMPARISON)
    assert table is not None
    outcomes = {row["configuration"]: row["outcome"] for row in table.to_pylist()}
    assert outcomes.pop("knn-1") == "failed"
    assert set(outcomes.values()) == {"ok"}


def test_a_training_that_needs_more_memory_than_there_is_is_a_failed_row_that_says_how_much(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ALWAYS_TRIED", 0)
    monkeypatch.setattr(room, "memory_limit", lambda: 50_000_000)
    train(run, "knn-1", 0, 0)
    fit = read_part(results(run)[0], FITS)
    assert fit is not None
    (row,) = fit.to_pylist()
    assert row["outcome"] == "failed"
    assert re.fullmatch(r"\d+ training faces of \d people need up to 0\.1 GB of memory; .* has 0\.1 GB", row["reason"])
    assert read_part(results(run)[1], SCORES) == SCORES.empty_table()


def test_where_no_limit_is_known_a_training_is_begun(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ALWAYS_TRIED", 0)
    monkeypatch.setattr(room, "memory_limit", lambda: None)
    train(run, "knn-1", 0, 0)
    fit = read_part(results(run)[0], FITS)
    assert fit is not None
    assert fit["outcome"].to_pylist() == ["ok"]


def test_a_split_that_the_run_does_not_have_is_refused(run: Run) -> None:
    with pytest.raises(Refused, match="no split 7, 0"):
        train(run, "knn-1", 7, 0)


def test_a_run_that_another_version_of_the_learning_code_began_is_refused(run: Run) -> None:
    other = replace(run, plan=replace(run.plan, learning_version=run.plan.learning_version + 1))
    with pytest.raises(Refused, match="another version of the code that learns"):
        train(other, "knn-1", 0, 0)
    assert not any(path.exists() for path in results(run))


def test_damaged_faces_are_set_aside_and_named_in_the_error(run: Run) -> None:
    run.faces.write_bytes(run.faces.read_bytes()[:1000])
    with pytest.raises(StoreError, match=r"faces\.parquet is damaged"):
        train(run, "knn-1", 0, 0)
    assert not run.faces.exists()
    assert list(run.folder.glob("faces.parquet.*.damaged"))


def test_every_training_has_a_part_of_its_own_and_the_slow_ones_come_first(run: Run) -> None:
    names = ["knn-1", "cnn-small-crop", "cnn-regularized-crop", "majority"]
    plan = replace(run.plan, experiment=replace(run.plan.experiment, configurations=tuple(names)))
    splits = read_part(run.splits, SPLITS)
    wanted = planned_trainings(Run(run.folder, plan), splits)
    assert [name for name, _, _ in wanted.values()] == ["cnn-regularized-crop", "cnn-small-crop", "knn-1", "majority"]
    assert len(wanted) == len(names)


def test_chosen_hyper_parameters_are_stored_with_the_fit(finished: Run) -> None:
    part = training_part(finished.plan.fingerprint, "svm-linear", 0, 0)
    fit = read_part(part_path(finished.fits, part), FITS)
    assert fit is not None
    assert "C" in json.loads(fit.to_pylist()[0]["chosen"])
