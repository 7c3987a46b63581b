"""All configurations of a run, side by side."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from storage.schemas import COMPARISON, FITS, SCORES
from tests.workers.compare.conftest import Study, make_study
from workers.compare.comparison import Comparison, compare_configurations, split_ratio
from workers.compare.paired import Pair, mcnemar, over_splits, single_split


@pytest.fixture(scope="module")
def comparison(study: Study) -> Comparison:
    return study.compared()


def rows_of(comparison: Comparison) -> dict[str, dict[str, Any]]:
    return {row["configuration"]: row for row in comparison.table.to_pylist()}


def test_the_table_is_the_stored_one_best_first(comparison: Comparison) -> None:
    assert comparison.table.schema.equals(COMPARISON)
    assert comparison.table["configuration"].to_pylist() == ["good", "fair", "blind"]
    assert comparison.table["rank"].to_pylist() == [1, 2, 3]


def test_every_two_are_compared_on_the_same_faces(study: Study, comparison: Comparison) -> None:
    assert [(pair.first, pair.second) for pair in comparison.pairs] == list(combinations(("good", "fair", "blind"), 2))
    answers: dict[str, dict[tuple[int, int, str], bool]] = {
        name: {(r["repeat"], r["fold"], r["photo_key"]): r["predicted"] == r["truth"] for r in study.score_rows(name)}
        for name in ("good", "fair", "blind")
    }
    for pair in comparison.pairs:
        first, second = answers[pair.first], answers[pair.second]
        once = [key for key in first if key[0] == 0]
        assert pair.only_first == sum(first[key] and not second[key] for key in once)
        assert pair.only_second == sum(second[key] and not first[key] for key in once)
        assert pair.difference == pytest.approx(np.mean([first[key] - int(second[key]) for key in first]))
        differences = [
            np.mean([first[key] - int(second[key]) for key in first if key[:2] == (repeat, fold)])
            for repeat in range(2)
            for fold in range(4)
        ]
        (low, high), rope = over_splits([float(each) for each in differences], 1 / 3)
        assert (pair.low, pair.high, pair.rope) == pytest.approx((low, high, rope))


def test_p_values_are_holms_over_all_pairs(comparison: Comparison) -> None:
    raw = [mcnemar(pair.only_first, pair.only_second) for pair in comparison.pairs]
    order = np.argsort(raw)
    adjusted = np.minimum(1, np.maximum.accumulate(np.asarray(raw)[order] * [3, 2, 1]))
    assert np.asarray([pair.p_value for pair in comparison.pairs])[order] == pytest.approx(adjusted)


def test_one_split_takes_the_paired_interval() -> None:
    study = make_study({"good": 0.9, "fair": 0.5}, folds=1, repeats=1)
    (pair,) = study.compared().pairs
    (low, high), rope = single_split(pair.only_first, pair.only_second, 24)
    assert (pair.low, pair.high, pair.rope) == (low, high, rope)


def test_practically_equal_is_said_by_both_or_by_neither(comparison: Comparison) -> None:
    rows = rows_of(comparison)
    for first, second in combinations(rows, 2):
        assert (second in rows[first]["practically_equal_to"]) == (first in rows[second]["practically_equal_to"])
    equal = Pair("a", "b", 0.0, -0.001, 0.001, 0, 0, 1.0, 0.96)
    assert equal.practically_equal
    assert not equal.different


def test_twins_that_answer_alike_on_few_faces_are_not_called_equal(study: Study) -> None:
    """24 faces cannot show that two differ by less than one in a hundred."""
    twin = [{**row, "configuration": "twin"} for row in study.scores.to_pylist() if row["configuration"] == "good"]
    fits = [{**row, "configuration": "twin"} for row in study.fits.to_pylist() if row["configuration"] == "good"]
    scores = pa.Table.from_pylist([*study.scores.to_pylist(), *twin], schema=SCORES)
    both = pa.Table.from_pylist([*study.fits.to_pylist(), *fits], schema=FITS)
    result = compare_configurations(scores, both, study.splits, {})
    pair = next(pair for pair in result.pairs if {pair.first, pair.second} == {"good", "twin"})
    assert (pair.difference, pair.p_value) == (0.0, 1.0)
    assert not pair.practically_equal


def test_what_failed_on_one_split_is_not_compared_and_says_why(study: Study) -> None:
    fits = study.fits.to_pylist()
    broken = next(row for row in fits if row["configuration"] == "fair" and row["fold"] == 2)
    broken |= {"outcome": "failed", "reason": "out of memory"}
    result = compare_configurations(study.scores, pa.Table.from_pylist(fits, schema=FITS), study.splits, {})
    row = rows_of(result)["fair"]
    assert (row["outcome"], row["reason"], row["rank"], row["accuracy"]) == ("failed", "out of memory", 3, None)
    assert [(pair.first, pair.second) for pair in result.pairs] == [("good", "blind")]


@pytest.mark.parametrize("role", ["test", "unknown"])
def test_a_missing_or_doubled_score_is_a_bug_and_raises(study: Study, role: str) -> None:
    rows = study.scores.to_pylist()
    place = next(i for i, row in enumerate(rows) if row["role"] == role and row["configuration"] == "good")
    for damaged in (rows[:place] + rows[place + 1 :], [*rows, rows[place]]):
        with pytest.raises(ValueError, match=f"good: .* scores of role {role}"):
            compare_configurations(pa.Table.from_pylist(damaged, schema=SCORES), study.fits, study.splits, {})


def test_the_ratio_is_that_of_test_to_training_faces(study: Study) -> None:
    assert split_ratio(study.splits) == pytest.approx(6 / 18)


def test_end_to_end_counts_photos_without_a_face_as_wrong(study: Study) -> None:
    for row in study.compared(photos=(24, 3)).table.to_pylist():
        assert row["end_to_end_accuracy"] == pytest.approx(row["accuracy"] * 24 / 27)
    unasked = study.compared().table
    assert unasked["end_to_end_accuracy"].to_pylist() == [None] * 3


def test_the_views_are_those_that_the_caller_names(comparison: Comparison) -> None:
    assert [rows_of(comparison)[name]["view"] for name in ("good", "fair")] == ["crop", "none"]


def test_the_pairs_are_a_table(comparison: Comparison) -> None:
    assert tuple(Pair(**row) for row in comparison.tables()["pairs"].to_pylist()) == comparison.pairs
