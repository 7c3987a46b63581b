"""The winner is fitted on all known faces and comes back from disk as it went."""

from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from storage.errors import InputError, StoreError
from storage.finding_schemas import OPERATING_POINTS
from storage.parts import read_part, read_parts
from storage.runs import Run
from storage.schemas import SPLITS
from workers.compare.operating_points import OperatingPoint
from workers.jobs import refit_winner as refit_winner_module
from workers.jobs.job import Refused
from workers.jobs.load_faces import faces_by_encoder
from workers.jobs.refit_winner import fitted, folder_of, is_refitted, refit, refit_winner, winner_of, winner_of_run
from workers.learning.configurations import CONFIGURATIONS, RUN_ENCODER
from workers.learning.fitted_model import Model, fit_model
from workers.recognition.recogniser import load_recogniser


def table(*rows: tuple[str, str, int, str, bool]) -> pa.Table:
    names = ("configuration", "view", "rank", "outcome", "recommended")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


FILES = {"arrays.npz", "gallery.npz", "model.json", "recogniser.json"}


def test_the_winner_is_the_recommended_one() -> None:
    rows = [("first", "embedding", 1, "ok", False), ("second", "embedding", 2, "ok", True)]
    assert winner_of(table(*rows)) == "second"


def test_without_a_recommendation_it_is_the_best_rank_that_looks_at_faces_and_did_not_fail() -> None:
    rows = [
        ("failed", "embedding", 1, "failed", False),
        ("majority", "none", 2, "ok", False),
        ("second", "crop", 4, "ok", False),
        ("best", "crop", 3, "ok", False),
    ]
    assert winner_of(table(*rows)) == "best"
    assert winner_of(table(*rows[:2])) is None


def test_the_winner_is_refitted_once_on_every_known_face(run: Run) -> None:
    winner = winner_of_run(run)
    assert winner is not None
    folder = folder_of(run, winner)
    refit_winner(run)
    first = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    refit_winner(run)
    assert first == sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    assert is_refitted(folder)
    recogniser = load_recogniser(folder)
    assert recogniser.model.configuration.name == winner
    assert recogniser.faces == 24
    assert recogniser.fingerprint == run.plan.fingerprint
    assert not list(run.attempts.glob("*"))


def test_while_the_winner_is_fitted_the_faces_of_the_run_are_freed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = weakref.ref(faces_by_encoder(run, RUN_ENCODER).embedding)
    assert loaded() is not None  # a training would read them next
    there: list[bool] = []

    def fit_and_look(*arguments: Any, **named: Any) -> Model:
        there.append(loaded() is not None)
        return fit_model(*arguments, **named)

    monkeypatch.setattr(refit_winner_module, "fit_model", fit_and_look)
    fitted(run, CONFIGURATIONS["knn-1"])
    assert there == [False]


@pytest.mark.parametrize("name", ["knn-1", "svm-linear", "eigenfaces-svm", "threshold-1nn"])
def test_a_stored_recogniser_scores_the_same_bits(run: Run, tmp_path: Path, name: str) -> None:
    refit(run, name, tmp_path / "there")
    faces = faces_by_encoder(run, RUN_ENCODER).batch(CONFIGURATIONS[name].view)
    now, stored = fitted(run, CONFIGURATIONS[name]), load_recogniser(tmp_path / "there")
    assert now.model.known_score(faces).tobytes() == stored.model.known_score(faces).tobytes()
    assert (now.threshold, now.operating) == (stored.threshold, stored.operating)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_nothing_stored_is_pickle_or_code(run: Run, tmp_path: Path) -> None:
    refit(run, "svm-linear", tmp_path / "there")
    assert {path.name for path in (tmp_path / "there").iterdir()} == FILES
    with np.load(tmp_path / "there" / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_calibration_faces_are_not_trained_on_but_help_to_choose_the_threshold(open_run: Run) -> None:
    splits = read_parts([open_run.splits], SPLITS).to_pylist()
    aside = {row["label"] for row in splits if row["role"] in ("calibrate", "unknown")}
    recogniser = fitted(open_run, CONFIGURATIONS["knn-1"])
    assert len(aside) == 2
    assert not aside & set(recogniser.model.labels)
    assert "strangers" in recogniser.threshold.rule


def test_the_threshold_is_the_one_that_the_runs_held_out_faces_chose(run: Run) -> None:
    points = read_part(run.table("operating_points"), OPERATING_POINTS)
    assert points is not None
    row = next(row for row in points.to_pylist() if row["configuration"] == "svm-linear")
    recogniser = fitted(run, CONFIGURATIONS["svm-linear"])
    assert (recogniser.threshold.value, recogniser.threshold.rule) == (row["threshold"], row["rule"])
    assert recogniser.operating == OperatingPoint(**row)


def test_a_configuration_that_the_run_did_not_score_chooses_on_its_own_faces(run: Run) -> None:
    recogniser = fitted(run, CONFIGURATIONS["lda"])
    assert recogniser.operating is None
    assert "the run did not score it" in recogniser.threshold.rule
    scored = fitted(run, CONFIGURATIONS["svm-linear"]).threshold.value
    assert recogniser.threshold.value == pytest.approx(scored, abs=0.08)  # 24 faces, not the 8 that were held out


@pytest.mark.parametrize("name", ["majority", "no-such", "../../etc"])
def test_a_name_that_cannot_recognise_is_the_users_mistake(run: Run, name: str) -> None:
    with pytest.raises(InputError, match="knn-1"):
        folder_of(run, name)


def test_a_run_without_comparison_says_that_it_is_not_finished(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not ready for this: its configurations are not compared yet"):
        refit_winner(Run(tmp_path, run.plan))


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_damaged_model_is_one_line_that_says_what_to_delete(run: Run, tmp_path: Path, file: str) -> None:
    refit(run, "knn-1", tmp_path / "there")
    path = tmp_path / "there" / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StoreError, match="Delete that folder"):
        load_recogniser(tmp_path / "there")


def test_a_model_of_another_engine_is_refused(run: Run, tmp_path: Path) -> None:
    refit(run, "knn-1", tmp_path / "there")
    path = tmp_path / "there" / "recogniser.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps({**described, "engine_fingerprint": "0" * 32}))
    with pytest.raises(StoreError, match="another version of the engine"):
        load_recogniser(tmp_path / "there")
