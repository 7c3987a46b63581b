"""All configurations of a run, side by side."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest

from storage.finding_schemas import OPERATING_POINTS
from storage.schemas import COMPARISON, FITS, SCORES
from tests.workers.compare.conftest import Study
from workers.compare.comparison import Comparison, compare_configurations
from workers.compare.paired import Pair


@pytest.fixture(scope="module")
def comparison(study: Study) -> Comparison:
    return study.compared()


def rows_of(comparison: Comparison) -> dict[str, dict[str, Any]]:
    return {row["configuration"]: row for row in comparison.table.to_pylist()}


def with_copies(study: Study, name: str, copies: list[str]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Scores, fits and splits of the study with configurations that answer like one of it."""
    scores, fits = study.scores.to_pylist(), study.fits.to_pylist()
    for copy in copies:
        scores += [{**row, "configuration": copy} for row in study.scores.to_pylist() if row["configuration"] == name]
        fits += [{**row, "configuration": copy} for row in study.fits.to_pylist() if row["configuration"] == name]
    return pa.Table.from_pylist(scores, schema=SCORES), pa.Table.from_pylist(fits, schema=FITS), study.splits


def points_table(points: dict[str, dict[str, float]]) -> pa.Table:
    """OPERATING_POINTS with these columns; counts are of 24 faces of 3 people."""
    counts = dict.fromkeys(("known_faces", "stranger_faces", "worst_faces"), 24) | {"worst_turned_away": 0.0}
    counts |= dict.fromkeys(("known_people", "stranger_people"), 3)
    rows = [{**counts, "worst_person": "", "rule": "", "configuration": name, **row} for name, row in points.items()]
    return pa.Table.from_pylist(rows, schema=OPERATING_POINTS)


def test_the_table_is_the_stored_one_best_first(comparison: Comparison) -> None:
    assert comparison.table.schema.equals(COMPARISON)
    assert comparison.table["configuration"].to_pylist() == ["good", "fair", "blind"]
    assert comparison.table["rank"].to_pylist() == [1, 2, 3]


def test_equal_counts_share_a_rank_and_the_recommended_one_stands_first(study: Study) -> None:
    twins = with_copies(study, "good", ["a-twin", "z-twin"])
    views = dict.fromkeys(("good", "a-twin", "z-twin", "fair", "blind"), "embedding")
    point = {"threshold": 0.5, "known_named": 0.8, "turned_away": 0.05, "strangers_in": 0.0}
    better = point | {"known_named": 0.9}
    points = points_table({"a-twin": point, "good": point, "z-twin": better})
    table = compare_configurations(*twins, views, operating=points).table
    assert table["configuration"].to_pylist() == ["z-twin", "a-twin", "good", "fair", "blind"]
    assert table["rank"].to_pylist() == [1, 1, 1, 4, 5]
    assert table["recommended"].to_pylist() == [True, False, False, False, False]
    assert table["decided_by"][0].as_py() == "known_named"
    assert table["outside_family"].to_pylist() == [
        "answers every test face like a-twin", "", "answers every test face like a-twin", "", "",
    ]  # fmt: skip


def test_a_baseline_is_recommended_only_where_nothing_else_is_left(study: Study) -> None:
    views = dict.fromkeys(("good", "fair", "blind"), "embedding")
    rows = rows_of(compare_configurations(study.scores, study.fits, study.splits, views, baselines={"good"}))
    assert [name for name, row in rows.items() if row["recommended"]] == ["fair"]
    assert rows["good"]["excluded_because"] == "it is a baseline"
    assert rows["good"]["outside_family"] == "baseline"
    alone = rows_of(compare_configurations(study.scores, study.fits, study.splits, views, baselines=set(views)))
    assert alone["good"]["recommended"]


def test_practically_equal_is_said_by_both_or_by_neither(comparison: Comparison) -> None:
    rows = rows_of(comparison)
    for first, second in combinations(rows, 2):
        assert (second in rows[first]["practically_equal_to"]) == (first in rows[second]["practically_equal_to"])
    equal = Pair("a", "b", 0.0, -0.001, 0.001, 0, 0, 0.02, 0.96, 0.02, 1.0)
    assert equal.practically_equal
    assert not equal.different


def test_twins_that_answer_alike_on_few_faces_are_not_called_equal(study: Study) -> None:
    """24 faces cannot show that two differ by less than one in a hundred."""
    result = compare_configurations(*with_copies(study, "good", ["twin"]), {})
    pair = next(pair for pair in result.pairs if {pair.first, pair.second} == {"good", "twin"})
    assert (pair.difference, pair.p_holm) == (0.0, 1.0)
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


def test_end_to_end_counts_photos_without_a_face_as_wrong(study: Study) -> None:
    for row in study.compared(photos=(24, 3)).table.to_pylist():
        assert row["end_to_end_accuracy"] == pytest.approx(row["accuracy"] * 24 / 27)
    unasked = study.compared().table
    assert unasked["end_to_end_accuracy"].to_pylist() == [None] * 3


def test_the_views_are_those_that_the_caller_names(comparison: Comparison) -> None:
    assert [rows_of(comparison)[name]["view"] for name in ("good", "fair")] == ["crop", "none"]


def test_the_pairs_are_a_table(comparison: Comparison) -> None:
    assert tuple(Pair(**row) for row in comparison.tables()["pairs"].to_pylist()) == comparison.pairs
