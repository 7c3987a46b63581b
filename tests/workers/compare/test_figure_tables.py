"""The tables behind the figures, against scikit-learn's and against the figures in the comparison."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.workers.compare.conftest import PEOPLE, Study
from workers.compare.comparison import Comparison, compare_run
from workers.compare.figure_tables import CONFUSION, OPEN_SET, RELIABILITY, Curves, curves_of
from workers.compare.figure_tables import PEOPLE as PEOPLE_SCHEMA
from workers.compare.metrics import calibration_error


@pytest.fixture(scope="module")
def comparison(study: Study) -> Comparison:
    return compare_run(study.scores, study.fits, study.splits)


@pytest.fixture(scope="module")
def curves(comparison: Comparison) -> Curves:
    return curves_of(comparison.answers)


def test_the_tables_have_the_schemas_that_they_state(curves: Curves) -> None:
    assert curves.people.schema.equals(PEOPLE_SCHEMA)
    assert curves.confusion.schema.equals(CONFUSION)
    assert curves.reliability.schema.equals(RELIABILITY)
    assert curves.open_set.schema.equals(OPEN_SET)


def test_recalls_and_confusions_are_scikit_learns(study: Study, curves: Curves) -> None:
    from scipy.stats import binomtest
    from sklearn.metrics import confusion_matrix, recall_score

    rows = [row for row in study.score_rows("fair") if row["repeat"] == 0]
    truth, said = [row["truth"] for row in rows], [row["predicted"] for row in rows]
    expected = recall_score(truth, said, labels=list(PEOPLE), average=None)
    mine = [row for row in curves.people.to_pylist() if row["configuration"] == "fair"]
    assert [row["label"] for row in mine] == list(PEOPLE)
    assert [row["recall"] for row in mine] == pytest.approx(expected)
    for row in mine:
        theirs = binomtest(round(row["recall"] * row["faces"]), row["faces"]).proportion_ci(method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((theirs.low, theirs.high))
    matrix = np.zeros((3, 3), int)
    for row in curves.confusion.to_pylist():
        if row["configuration"] == "fair":
            matrix[PEOPLE.index(row["truth"]), PEOPLE.index(row["predicted"])] = row["faces"]
    assert np.array_equal(matrix, confusion_matrix(truth, said, labels=list(PEOPLE)))


def test_the_reliability_curve_is_scikit_learns(comparison: Comparison, curves: Curves) -> None:
    from sklearn.calibration import calibration_curve

    test = comparison.answers["good"].test
    once = next(test.repeats())
    right, confidence = (test.guess == test.truth)[once], test.confidence[once]
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    mine = [row for row in curves.reliability.to_pylist() if row["configuration"] == "good"]
    assert [row["accuracy"] for row in mine] == pytest.approx(accuracy)
    assert [row["confidence"] for row in mine] == pytest.approx(mean)
    assert sum(row["faces"] for row in mine) == len(once)


def test_the_calibration_error_is_the_curves_weighted_gap(comparison: Comparison, curves: Curves) -> None:
    test = comparison.answers["fair"].test
    once = next(test.repeats())
    mine = [row for row in curves.reliability.to_pylist() if row["configuration"] == "fair"]
    gap = sum(row["faces"] * abs(row["confidence"] - row["accuracy"]) for row in mine) / len(once)
    assert calibration_error(test.confidence[once], (test.guess == test.truth)[once]) == pytest.approx(gap)


def test_open_set_points_never_claim_less_than_one_stranger(curves: Curves) -> None:
    points = defaultdict(list)
    for row in curves.open_set.to_pylist():
        points[row["configuration"]].append(row)
    assert set(points) == {"good", "fair", "blind"}
    for rows in points.values():
        assert min(row["far"] for row in rows) == pytest.approx(1 / 10)
