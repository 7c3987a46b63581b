"""The tables that the report draws, against scikit-learn's and against the figures in the comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from storage.finding_schemas import COMPARISON_TABLES
from tests.workers.compare.conftest import PEOPLE, Study, make_study
from workers.compare.comparison import compare_configurations
from workers.compare.metrics import calibration_error
from workers.compare.open_set import open_set
from workers.compare.selection import selection

Tables = Mapping[str, pa.Table]


@pytest.fixture(scope="module")
def tables(study: Study) -> Tables:
    return study.compared().tables()


def rows_of(table: pa.Table, configuration: str) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if row["configuration"] == configuration]


def test_the_tables_are_those_that_the_run_stores_and_required_columns_are_full(tables: Tables) -> None:
    of_the_protocol = ("k_shot", "subgroups", "draws", "end_to_end", "suspects")  # the job adds them
    assert list(tables) == [name for name in COMPARISON_TABLES if name not in of_the_protocol]
    for name in tables:
        schema = COMPARISON_TABLES[name]
        assert tables[name].schema.equals(schema)
        assert not any(tables[name][field.name].null_count for field in schema if not field.nullable)


def test_recalls_are_scikit_learns(study: Study, tables: Tables) -> None:
    from scipy.stats import beta
    from sklearn.metrics import recall_score

    rows = [row for row in study.score_rows("fair") if row["repeat"] == 0]
    truth, said = [row["truth"] for row in rows], [row["predicted"] for row in rows]
    expected = recall_score(truth, said, labels=list(PEOPLE), average=None)
    mine = rows_of(tables["people"], "fair")
    assert {row["label"]: row["recall"] for row in mine} == pytest.approx(dict(zip(PEOPLE, expected, strict=True)))
    assert [row["recall"] for row in mine] == sorted(expected)  # the worst first
    for row in mine:
        hits = round(row["recall"] * row["faces"])
        theirs = beta(hits + 0.5, row["faces"] - hits + 0.5).interval(0.95)
        assert (row["low"], row["high"]) == pytest.approx(theirs)


def test_the_reliability_curve_is_scikit_learns(study: Study, tables: Tables) -> None:
    from sklearn.calibration import calibration_curve

    test = study.answers("good").test
    once = next(test.repeats())
    right, confidence = (test.guess == test.truth)[once], test.confidence[once]
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    mine = rows_of(tables["reliability"], "good")
    assert [row["accuracy"] for row in mine] == pytest.approx(accuracy)
    assert [row["confidence"] for row in mine] == pytest.approx(mean)
    assert sum(row["faces"] for row in mine) == len(once)


def test_the_calibration_error_is_the_curves_weighted_gap(study: Study, tables: Tables) -> None:
    test = study.answers("fair").test
    once = next(test.repeats())
    mine = rows_of(tables["reliability"], "fair")
    gap = sum(row["faces"] * abs(row["confidence"] - row["accuracy"]) for row in mine) / len(once)
    assert calibration_error(test.confidence[once], (test.guess == test.truth)[once]) == pytest.approx(gap)


def test_open_set_points_never_claim_less_than_one_stranger(tables: Tables) -> None:
    points = defaultdict(list)
    for row in tables["open_set_curve"].to_pylist():
        points[row["configuration"]].append(row)
    assert set(points) == {"good", "fair", "blind"}
    for rows in points.values():
        assert min(row["far"] for row in rows) == pytest.approx(1 / 10)


def test_the_open_set_row_is_the_operating_point_and_the_counts_behind_it(study: Study, tables: Tables) -> None:
    answers = study.answers("fair")
    found = open_set(answers.test, answers.calibrate, answers.unknown)
    assert found is not None
    (row,) = rows_of(tables["open_set"], "fair")
    assert (row["dir"], row["far"]) == (found.dir.value, found.far.value)
    assert (row["dir_low"], row["dir_high"]) == found.dir.interval
    assert (row["far_low"], row["far_high"]) == found.far.interval
    assert (row["aim"], row["threshold"]) == (found.aim, found.threshold)
    assert (row["calibrate_people"], row["calibrate_faces"]) == (1, 12)
    assert (row["unknown_people"], row["unknown_faces"]) == (1, 10)


def test_the_selection_names_the_wins_of_each_and_what_the_chosen_one_is_worth(study: Study, tables: Tables) -> None:
    found = selection({name: study.answers(name).test for name in ("good", "fair", "blind")})
    assert found is not None
    rows = tables["selection"].to_pylist()
    assert {row["configuration"]: row["wins"] for row in rows} == found.wins
    for row in rows:
        assert (row["chosen_accuracy"], row["chosen_low"], row["chosen_high"]) == (
            found.accuracy,
            found.low,
            found.high,
        )
        by_repeat = [np.mean(study.answers(row["configuration"]).test.right[i * 24 : i * 24 + 24]) for i in range(2)]
        assert row["repeat_deviation"] == pytest.approx(np.std(by_repeat, ddof=1))


def test_a_lone_configuration_in_a_closed_run_has_no_wins_and_no_open_set() -> None:
    alone = make_study({"only": 0.8}, folds=1, repeats=1)
    closed = alone.scores.filter(pc.field("role") == "test")
    splits = alone.splits.filter(pc.is_in(alone.splits["role"].cast(pa.string()), pa.array(["train", "test"])))
    tables = compare_configurations(closed, alone.fits, splits, {}).tables()
    assert tables["open_set"].num_rows == tables["open_set_curve"].num_rows == tables["pairs"].num_rows == 0
    (row,) = tables["selection"].to_pylist()
    assert [row[name] for name in ("repeat_deviation", "wins", "chosen_accuracy")] == [None] * 3
