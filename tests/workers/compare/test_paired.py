"""Paired tests against published examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workers.compare.paired import Pair, holm, mcnemar, three_way


@pytest.mark.parametrize(("b", "c"), [(86, 150), (1, 9), (5, 5), (0, 6), (12, 3)])
def test_mcnemar_is_the_exact_binomial_tail_twice(b: int, c: int) -> None:
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    assert mcnemar(b, c) == pytest.approx(min(1.0, 2 * tail))


def test_no_disagreement_is_no_evidence() -> None:
    assert mcnemar(0, 0) == 1.0


def test_holm_by_hand() -> None:
    """0.005 * 4, 0.01 * 3, 0.03 * 2, then 0.04 raised to its forerunner's."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_is_statsmodels() -> None:
    """multipletests(p, method="holm") of statsmodels 0.15.0, with a tie."""
    expected = [0.006, 0.05, 0.08, 0.08, 0.1, 0.2]
    assert holm([0.001, 0.01, 0.02, 0.02, 0.05, 0.2]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("only_first", "only_second", "faces"), [(3, 1.5, 200), (0, 0, 61), (40, 12, 500), (9, 9, 20)])
def test_the_three_answers_are_those_of_a_dirichlet_posterior(
    only_first: float, only_second: float, faces: int
) -> None:
    """2,000,000 draws of the four cells."""
    rest = faces - only_first - only_second
    drawn = np.random.default_rng(0).dirichlet([only_first + 1, only_second + 1, rest + 2], 2_000_000)
    difference = drawn[:, 0] - drawn[:, 1]
    interval, answers = three_way(only_first, only_second, faces)
    assert interval == pytest.approx(tuple(np.quantile(difference, [0.025, 0.975])), abs=1e-3)
    counted = (np.mean(difference > 0.01), np.mean(np.abs(difference) <= 0.01), np.mean(difference < -0.01))
    assert answers == pytest.approx(counted, abs=2e-3)
    assert sum(answers) == pytest.approx(1)


def test_two_that_never_disagree_are_the_same_from_some_three_hundred_faces_on() -> None:
    assert three_way(0, 0, 45)[1][1] < 0.5
    assert three_way(0, 0, 290)[1][1] < 0.95 < three_way(0, 0, 298)[1][1]


def test_the_paired_interval_is_agrestis_prime_minister() -> None:
    """Agresti, Categorical Data Analysis (2nd ed. 2002), 10.1.1: approval 944 and 880 of 1600, (0.021, 0.059)."""
    (low, high), _ = three_way(150, 86, 1600)
    assert (low, high) == pytest.approx((0.021, 0.059), abs=1e-3)


def test_swapping_the_two_swaps_the_answers() -> None:
    (low, high), (better, same, worse) = three_way(7, 2, 150)
    (low_too, high_too), swapped = three_way(2, 7, 150)
    assert (low, high) == pytest.approx((-high_too, -low_too), abs=1e-6)
    assert swapped == pytest.approx((worse, same, better), abs=1e-6)


def test_max_t_decides_where_it_is_given_and_holm_elsewhere() -> None:
    pair = Pair("a", "b", 0.1, 0.02, 0.2, 9, 1, 0.96, 0.03, 0.01, p_holm=0.2, p_maxt=0.03)
    assert pair.different
    assert pair.better == "a"
    assert not pair.practically_equal
    assert not Pair("a", "b", 0.1, 0.02, 0.2, 9, 1, 0.9, 0.09, 0.01, p_holm=0.2).different
    assert not Pair("a", "b", 0.1, 0.02, 0.2, 9, 1, 0.01, 0.03, 0.96).different
    assert Pair("a", "b", 0.1, 0.02, 0.2, 9, 1, 0.01, 0.03, 0.96).better == "b"
