"""Rejecting strangers: thresholds by brute force, curves against scikit-learn's, and no claim beyond the counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from storage.schemas import SCORES
from tests.workers.compare.conftest import STRANGERS, Study, make_study
from workers.compare.answers import Answers, Outcomes, answers_of
from workers.compare.open_set import identification_rate, open_set, open_set_curve, threshold_for


@pytest.fixture(scope="module")
def answers(study: Study) -> Answers:
    return study.answers("fair")


@pytest.mark.parametrize("far", [0.01, 0.05, 0.1, 0.25, 0.3, 0.99])
@pytest.mark.parametrize("seed", range(3))
def test_the_threshold_is_the_lowest_that_keeps_the_rate(far: float, seed: int) -> None:
    scores = np.round(np.random.default_rng(seed).normal(size=40), 1)  # many ties
    limit = threshold_for(scores, far)
    assert np.mean(scores >= limit) <= max(far, 1 / 40)
    lower = np.max(scores[scores < limit])
    assert np.mean(scores >= lower) > max(far, 1 / 40)


def test_a_rate_below_one_in_n_is_taken_as_one_in_n() -> None:
    scores = np.arange(10.0)
    assert threshold_for(scores, 1e-6) == threshold_for(scores, 0.1)
    assert np.sum(scores >= threshold_for(scores, 1e-6)) == 1


def test_a_rate_that_is_a_whole_count_is_not_lost_to_rounding() -> None:
    """0.29 * 100 is 28.999999999999996."""
    assert np.sum(np.arange(100.0) >= threshold_for(np.arange(100.0), 0.29)) == 29


def test_all_strangers_may_enter_where_all_are_allowed() -> None:
    assert threshold_for(np.arange(3.0), 1.0) == -np.inf


def test_a_face_must_be_accepted_and_rightly_named_to_count() -> None:
    known, right = np.asarray([1.0, 2.0, 3.0, 4.0]), np.asarray([True, True, False, True])
    assert identification_rate(known, right, 2.0) == 0.5


def test_each_split_is_judged_by_its_own_threshold(answers: Answers) -> None:
    """A model's scores have their own scale: adding a constant to one split's scores changes no rate."""

    def moved(outcomes: Outcomes) -> Outcomes:
        shift = np.where((outcomes.split == (0, 1)).all(axis=1), 1000.0, 0.0)
        return replace(outcomes, known_score=outcomes.known_score + shift)

    before = open_set(answers.test, answers.calibrate, answers.unknown)
    after = open_set(moved(answers.test), moved(answers.calibrate), moved(answers.unknown))
    assert before is not None
    assert after is not None
    assert (after.dir, after.far) == (before.dir, before.far)


def test_the_figure_is_the_plain_count_over_splits(study: Study, answers: Answers) -> None:
    """Written down once more from the table's rows, at one stranger in twelve."""
    rows = {role: study.score_rows("fair", role) for role in ("test", *STRANGERS)}
    rates, alarms = [], []
    for place in sorted({(row["repeat"], row["fold"]) for row in rows["test"]}):
        here = {role: [row for row in found if (row["repeat"], row["fold"]) == place] for role, found in rows.items()}
        second = sorted((row["known_score"] for row in here["calibrate"]), reverse=True)[1]
        named = [row["known_score"] > second and row["predicted"] == row["truth"] for row in here["test"]]
        rates.append(np.mean(named))
        alarms.append(np.mean([row["known_score"] > second for row in here["unknown"]]))
    result = open_set(answers.test, answers.calibrate, answers.unknown)
    assert result is not None
    assert result.dir.value == pytest.approx(np.mean(rates))
    assert result.far.value == pytest.approx(np.mean(alarms))
    assert result.aim == pytest.approx(1 / 12)
    assert result.unknown_faces == 10


def test_ten_strangers_without_an_alarm_still_allow_many(answers: Answers) -> None:
    """Clopper and Pearson's end for 0 of 10 faces is 31 %; they are of one person, so it is more."""
    far_away = replace(answers.unknown, known_score=answers.unknown.known_score - 1000)
    result = open_set(answers.test, answers.calibrate, far_away)
    assert result is not None
    assert result.far.value == 0.0
    low, high = result.far.interval
    assert low == 0.0
    assert 0.31 < high < 0.4


def test_a_closed_run_has_no_figure_and_no_curve(study: Study) -> None:
    known = study.scores.filter(np.asarray([role == "test" for role in study.scores["role"].to_pylist()]))
    closed = answers_of(known.filter(np.asarray([name == "good" for name in known["configuration"].to_pylist()])))
    assert open_set(closed.test, closed.calibrate, closed.unknown) is None
    assert open_set_curve(closed.test, closed.unknown) is None


def test_where_every_name_is_right_the_curve_is_scikit_learns_roc() -> None:
    from sklearn.metrics import roc_curve

    answers = answers_of(make_study({"sure": 1.0}, folds=4, repeats=1).scores)
    curve = open_set_curve(answers.test, answers.unknown)
    assert curve is not None
    assert curve.miss == pytest.approx(1 - curve.dir)
    expected = []
    for split in answers.test.splits():
        known = answers.test.known_score[answers.test.of_split(split)]
        strangers = answers.unknown.known_score[answers.unknown.of_split(split)]
        truth = np.repeat([1, 0], [len(known), len(strangers)])
        far, tar, _ = roc_curve(truth, np.concatenate([known, strangers]), drop_intermediate=False)
        expected.append([tar[far <= each + 1e-9].max() for each in curve.far])
    assert curve.dir == pytest.approx(np.mean(expected, axis=0))


def test_the_curve_begins_at_one_stranger_and_ends_at_the_accuracy(answers: Answers) -> None:
    curve = open_set_curve(answers.test, answers.unknown)
    assert curve is not None
    assert curve.far == pytest.approx(np.arange(1, 11) / 10)
    assert np.all(np.diff(curve.dir) >= 0)
    assert np.all(np.diff(curve.miss) <= 0)
    assert curve.dir[-1] == pytest.approx(np.mean(answers.test.right))
    assert curve.miss[-1] == 0.0


def test_strangers_who_change_with_the_split_may_have_different_numbers_of_faces(study: Study) -> None:
    rows = [row for row in study.scores.to_pylist() if row["configuration"] == "good" and not _is_absent(row)]
    found = answers_of(pa.Table.from_pylist(rows, schema=SCORES))
    curve = open_set_curve(found.test, found.unknown)
    assert curve is not None
    assert curve.far == pytest.approx(np.arange(1, 8) / 7)
    result = open_set(found.test, found.calibrate, found.unknown)
    assert result is not None
    assert 0 <= result.far.value <= 1


def test_who_tests_in_a_split_does_not_choose_for_it_from_another(study: Study) -> None:
    """Split (0, 1) has no face that chooses, and takes those of (0, 0), where eve, who tests now, was one of them."""
    here = [row for role in ("test", "unknown") for row in study.score_rows("fair", role)]
    here = [row for row in here if (row["repeat"], row["fold"]) == (0, 1)]
    other = [row for row in study.score_rows("fair", "calibrate") if (row["repeat"], row["fold"]) == (0, 0)]
    eve = [{**row, "photo_key": f"eve-{row['photo_key']}", "truth": "eve", "known_score": 1000.0} for row in other]

    found, expected = (
        answers_of(pa.Table.from_pylist(rows, schema=SCORES)) for rows in ([*here, *other, *eve], [*here, *other])
    )
    assert open_set(found.test, found.calibrate, found.unknown) == open_set(
        expected.test, expected.calibrate, expected.unknown
    )


def _is_absent(row: dict[str, object]) -> bool:
    """Fold 1 has seven unknown faces, fold 2 none, fold 3 no face that chooses."""
    late = str(row["photo_key"]) in ("eve7", "eve8", "eve9")
    return (
        (row["fold"] == 1 and row["role"] == "unknown" and late)
        or (row["fold"] == 2 and row["role"] == "unknown")
        or (row["fold"] == 3 and row["role"] == "calibrate")
    )
