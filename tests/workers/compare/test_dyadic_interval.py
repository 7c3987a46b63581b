"""Intervals in which people are the unit: by hand, against independent trials, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.dyadic_interval import dyadic_variance, estimate, least_effective, people_variance


def by_definition(event: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    """The double sum over pairs of pairs that share a person."""
    excess = event - event.mean()
    total = 0.0
    for i in range(len(event)):
        for j in range(len(event)):
            if {first[i], second[i]} & {first[j], second[j]}:
                total += excess[i] * excess[j]
    return max(total, 0.0) / len(event) ** 2


@pytest.mark.parametrize("seed", range(6))
def test_the_dyadic_variance_is_the_sum_over_all_pairs_that_share_a_person(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 7, 40), rng.integers(0, 7, 40)  # genuine pairs among them
    event = rng.random(40)
    assert dyadic_variance(event, first, second) == pytest.approx(by_definition(event, first, second))


def test_pairs_of_different_people_all_are_independent_trials() -> None:
    event = np.array([1.0, 0.0, 1.0, 1.0])
    assert dyadic_variance(event, np.arange(0, 8, 2), np.arange(1, 8, 2)) == pytest.approx(0.75 * 0.25 / 4)


def test_ten_photos_of_one_person_tell_no_more_than_one() -> None:
    """Two people, one always right and one never: as uncertain as two trials, however many photos they have."""
    assert people_variance(np.array([10.0, 0.0]), np.array([10.0, 10.0])) == pytest.approx(0.25)
    assert people_variance(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(0.25)
    assert people_variance(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0.0


def test_the_interval_is_clopper_and_pearsons_where_trials_are_independent() -> None:
    from scipy.stats import binomtest

    exact = binomtest(90, 100).proportion_ci(0.95, method="exact")
    found = estimate(0.9, 0.9 * 0.1 / 100, 100, people=100_000)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-4)


def test_a_small_variance_by_chance_does_not_narrow_the_interval() -> None:
    assert estimate(0.9, 1e-9, 100, people=50) == estimate(0.9, 0.0, 100, people=50)


def test_few_people_widen_the_interval() -> None:
    few, many = (estimate(0.9, 0.004, 1000, people=people) for people in (5, 500))
    assert few.low < many.low < 0.9 < many.high < few.high


def test_an_end_is_closed_where_nothing_or_everything_happened() -> None:
    assert estimate(0.0, 0.0, 30, people=6).low == 0.0
    assert estimate(1.0, 0.0, 30, people=6).high == 1.0
    assert estimate(1.0, 0.0, 30, people=6).low == pytest.approx(0.025 ** (1 / 30))
    nothing = estimate(0.0, 0.0, 0.0, people=0)
    assert (nothing.low, nothing.high) == (0.0, 1.0)


def test_trials_of_one_person_count_less_the_more_there_are() -> None:
    assert least_effective(np.ones(50)) == pytest.approx(50)
    assert least_effective(np.array([1000.0])) < 50
    assert least_effective(np.zeros(3)) == 0.0
