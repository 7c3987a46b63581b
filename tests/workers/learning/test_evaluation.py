"""One configuration on one split: rows for the tables, no training face among them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from storage.parts import table_of
from storage.schemas import FITS, SCORES
from workers.learning import fit_timing
from workers.learning.configurations import CONFIGURATIONS, UNKNOWN, Configuration
from workers.learning.evaluation import evaluate
from workers.learning.face_arrays import Faces

CLASSICAL = [each for each in CONFIGURATIONS.values() if not each.name.startswith(("cnn", "dense", "triplet"))]
Rows = list[dict[str, Any]]


@pytest.mark.parametrize("configuration", CLASSICAL, ids=lambda each: each.name)
def test_every_face_that_did_not_train_is_scored_once(
    faces_table: pa.Table, split_rows: Rows, configuration: Configuration
) -> None:
    scored = evaluate(configuration, Faces.from_table(faces_table), split_rows, 1)
    table_of(scored.scores, SCORES)
    table_of([scored.fit], FITS)
    others = [row for row in split_rows if row["role"] != "train"]
    assert [(row["photo_key"], row["role"]) for row in scored.scores] == [
        (row["photo_key"], row["role"]) for row in others
    ]
    assert {row["role"] for row in scored.scores} == {"test", "calibrate", "unknown"}
    assert scored.fit["outcome"] == "ok"
    assert len(scored.fit["predict_microseconds"]) == len(others)


@pytest.mark.parametrize("configuration", CLASSICAL, ids=lambda each: each.name)
def test_the_warm_fit_has_the_bits_of_the_first(
    faces_table: pa.Table, split_rows: Rows, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = Faces.from_table(faces_table)
    warm = evaluate(configuration, faces, split_rows, 1)
    monkeypatch.setattr(fit_timing, "SECOND_FIT_SECONDS", 0.0)
    first = evaluate(configuration, faces, split_rows, 1)
    assert warm.scores == first.scores
    assert warm.fit["chosen"] == first.fit["chosen"]
    assert (warm.fit["warm_fits"] > 0, first.fit["warm_fits"]) == (True, 0)


def test_an_unknown_person_is_never_named_rightly_and_has_a_lower_known_score(
    faces_table: pa.Table, split_rows: Rows
) -> None:
    scored = evaluate(CONFIGURATIONS["knn-1"], Faces.from_table(faces_table), split_rows, 1).scores
    strangers = [row for row in scored if row["role"] == "unknown"]
    known = [row for row in scored if row["role"] == "test"]
    assert {row["truth"] for row in strangers} == {"person-2"}
    assert {row["truth_probability"] for row in strangers} == {0.0}
    assert all("person-2" not in row["top_labels"] for row in scored)
    assert all(row["predicted"] == row["truth"] for row in known)
    assert max(row["known_score"] for row in strangers) < min(row["known_score"] for row in known)


@pytest.mark.parametrize("name", ["svm-linear", "eigenfaces-svm", "majority"])
def test_the_stranger_score_is_that_of_a_model_that_never_saw_the_person(
    faces_table: pa.Table, split_rows: Rows, name: str
) -> None:
    everyone = [{**row, "role": "train" if n % 3 else "test"} for n, row in enumerate(split_rows)]
    faces = Faces.from_table(faces_table)
    embedding = dict(zip(faces.keys, faces.embedding.astype(float), strict=True))
    for row in evaluate(CONFIGURATIONS[name], faces, everyone, 1).scores:
        other = next(who for who in row["top_labels"] if who != row["truth"])
        own = [embedding[each["photo_key"]] for each in everyone if (each["label"], each["role"]) == (other, "train")]
        near = np.sort(np.linalg.norm(np.asarray(own) - embedding[row["photo_key"]], axis=1))[:2].mean()
        assert row["stranger_score"] == pytest.approx(-near, rel=1e-5)


def test_only_test_faces_play_the_stranger(faces_table: pa.Table, split_rows: Rows) -> None:
    for row in evaluate(CONFIGURATIONS["knn-1"], Faces.from_table(faces_table), split_rows, 1).scores:
        assert (row["stranger_score"] is None) == (row["role"] != "test")


def test_the_distance_threshold_says_unknown(faces_table: pa.Table, split_rows: Rows) -> None:
    faces = Faces.from_table(faces_table)
    strict = CONFIGURATIONS["threshold-1nn"].with_parameters(threshold=1e-6)
    named = {row["predicted"] for row in evaluate(strict, faces, split_rows, 1).scores}
    assert named == {UNKNOWN}
    loose = CONFIGURATIONS["threshold-1nn"].with_parameters(threshold=10.0)
    assert UNKNOWN not in {row["predicted"] for row in evaluate(loose, faces, split_rows, 1).scores}


def test_top_labels_are_sorted_and_hold_the_probability_of_the_truth(faces_table: pa.Table, split_rows: Rows) -> None:
    for row in evaluate(CONFIGURATIONS["lda"], Faces.from_table(faces_table), split_rows, 1).scores:
        assert row["top_scores"] == sorted(row["top_scores"], reverse=True)
        assert math.isclose(sum(row["top_scores"]), 1, abs_tol=1e-5)  # two people: all of them are in the top five
        if row["truth"] in row["top_labels"]:
            assert row["truth_probability"] == row["top_scores"][row["top_labels"].index(row["truth"])]


def test_a_model_that_cannot_be_fitted_is_a_row_with_the_reason(faces_table: pa.Table, split_rows: Rows) -> None:
    alone = [row for row in split_rows if row["label"] != "person-1"]
    outcome = evaluate(CONFIGURATIONS["svm-rbf"], Faces.from_table(faces_table), alone, 1)
    assert outcome.scores == []
    assert outcome.fit["outcome"] == "failed"
    assert "one person only" in outcome.fit["reason"]
    table_of([outcome.fit], FITS)


def test_rows_of_two_splits_are_refused(faces_table: pa.Table, split_rows: Rows) -> None:
    mixed = [*split_rows[:-1], {**split_rows[-1], "fold": 1}]
    with pytest.raises(ValueError, match="one split"):
        evaluate(CONFIGURATIONS["knn-1"], Faces.from_table(faces_table), mixed, 1)


def test_a_networks_learning_curve_is_kept(faces_table: pa.Table, split_rows: Rows) -> None:
    outcome = evaluate(CONFIGURATIONS["dense"], Faces.from_table(faces_table), split_rows, 1)
    curves = json.loads(outcome.fit["history"])
    assert set(curves) == {"loss", "accuracy"}
    assert {row["predicted"] == row["truth"] for row in outcome.scores if row["role"] == "test"} == {True}


def test_test_faces_do_not_touch_the_fit(faces_table: pa.Table, split_rows: Rows) -> None:
    faces = Faces.from_table(faces_table)
    one = next(row for row in split_rows if row["role"] == "test")
    fewer = [row for row in split_rows if row["role"] == "train"] + [one]
    alone = evaluate(CONFIGURATIONS["svm-linear"], faces, fewer, 1)
    together = evaluate(CONFIGURATIONS["svm-linear"], faces, split_rows, 1)
    (lonely,), (in_company,) = alone.scores, [row for row in together.scores if row["photo_key"] == one["photo_key"]]
    # a product of one row and of many may differ in the last bit
    assert lonely.pop("top_scores") == pytest.approx(in_company.pop("top_scores"), rel=1e-5)
    for name in ("truth_probability", "known_score", "stranger_score"):
        assert lonely.pop(name) == pytest.approx(in_company.pop(name), rel=1e-5)
    assert lonely == in_company
    assert alone.fit["chosen"] == together.fit["chosen"]
