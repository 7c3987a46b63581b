"""The Bayesian bootstrap of figures that are no plain proportion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.workers.compare.conftest import make_study
from workers.compare.answers import Outcomes
from workers.compare.bootstrap import bootstrap_intervals, end_to_end_interval, weight_shape
from workers.compare.intervals import jeffreys


def named(right: np.ndarray, people: int = 2, repeats: int = 1) -> Outcomes:
    """Faces of people in turn, each asked once a repeat; a wrong answer names the next person."""
    count = len(right) // repeats
    number = np.arange(count) % people
    names = np.asarray([f"p{i:03}" for i in range(people)], object)
    truth = np.tile(names[number], repeats)
    said = np.where(right, truth, np.tile(names[(number + 1) % people], repeats))
    faces = tuple((f"{i:05}", 0) for i in range(count)) * repeats
    split = np.stack([np.repeat(np.arange(repeats), count), np.zeros(len(right), int)], axis=1)
    sure = np.full(len(right), 0.9)
    return _outcomes(faces, split, truth, said, sure, np.where(right, 0.9, 0.1), right)


def _outcomes(faces, split, truth, said, sure, probability, right) -> Outcomes:  # type: ignore[no-untyped-def]
    blank = make_study({"any": 1.0}).answers("any").test
    return replace(
        blank, faces=faces, split=split, truth=truth, predicted=said, guess=said, confidence=sure,
        truth_probability=probability, known_score=sure, top3=right,
    )  # fmt: skip


def test_with_many_faces_of_two_people_it_is_nearly_jeffreys() -> None:
    right = np.arange(400) % 20 != 0
    right[1::40] = False
    found = bootstrap_intervals(named(right), redraws=4000)["balanced_accuracy"]
    assert found == pytest.approx(jeffreys(int(right.sum()), 400), abs=0.006)


def test_everything_right_ends_at_one_and_says_how_low_it_may_be() -> None:
    found = bootstrap_intervals(named(np.ones(60, bool), people=6))
    for name in ("balanced_accuracy", "macro_f1"):
        low, high = found[name]
        assert high == 1.0
        assert 0.9 < low < 0.99
    assert bootstrap_intervals(named(np.zeros(60, bool), people=6))["balanced_accuracy"][0] == 0.0


def test_repeats_make_nobody_surer() -> None:
    once = np.arange(60) % 10 != 0
    one = bootstrap_intervals(named(once, people=6))["balanced_accuracy"]
    three = bootstrap_intervals(named(np.tile(once, 3), people=6, repeats=3))["balanced_accuracy"]
    assert three == pytest.approx(one, abs=0.01)


def test_repeats_that_disagree_widen_it() -> None:
    """Every face is right in one repeat of two: drawn one by one they scatter, averaged they would not."""
    right = np.concatenate([np.arange(60) % 2 == 0, np.arange(60) % 2 == 1])
    low, high = bootstrap_intervals(named(right, people=3, repeats=2))["balanced_accuracy"]
    assert low < 0.42
    assert high > 0.58


def test_the_same_answers_give_the_same_figures_in_any_order() -> None:
    test = named(np.arange(90) % 9 != 0, people=5)
    order = np.random.default_rng(0).permutation(90)
    arrays = ("split", "truth", "predicted", "guess", "confidence", "truth_probability", "known_score", "top3")
    shuffled = replace(
        test, faces=tuple(test.faces[i] for i in order), **{name: getattr(test, name)[order] for name in arrays}
    )
    assert bootstrap_intervals(test) == bootstrap_intervals(shuffled)


def test_a_name_that_no_test_face_has_is_a_miss_and_no_false_alarm() -> None:
    test = named(np.arange(60) % 6 != 0, people=6)
    unknown = replace(test, predicted=np.where(test.right, test.predicted, "unknown"))
    both = [bootstrap_intervals(each) for each in (test, unknown)]
    assert both[0]["balanced_accuracy"] == both[1]["balanced_accuracy"]
    assert both[1]["macro_f1"][0] > both[0]["macro_f1"][0]


def test_log_loss_and_calibration_error_lie_around_the_estimate() -> None:
    right = np.arange(200) % 10 != 0
    found = bootstrap_intervals(named(right, people=4))
    loss = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert found["log_loss"][0] < loss < found["log_loss"][1]
    assert found["calibration_error"] == pytest.approx((0.0, 0.0), abs=0.05)


def test_few_faces_a_person_scatter_more() -> None:
    assert weight_shape(np.asarray([1, 3, 10, 1000])).tolist() == pytest.approx([0.2, 0.2, 0.75, 0.9975])


def test_end_to_end_without_a_failure_is_jeffreys_and_none_without_photos() -> None:
    assert end_to_end_interval(57, 60, 60, 0) == pytest.approx(jeffreys(57, 60), abs=0.004)
    low, high = end_to_end_interval(60, 60, 90, 44) or (0, 0)
    assert low < 90 / 134 < high < 0.76
    assert end_to_end_interval(0, 0, 0, 5) is None


@pytest.mark.slow
def test_610_people_stay_within_200_mb() -> None:
    import tracemalloc

    test = named(np.arange(6700) % 33 != 0, people=610)
    tracemalloc.start()
    bootstrap_intervals(test, redraws=200)
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
