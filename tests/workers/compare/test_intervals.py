"""Intervals against published tables and against scipy."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.intervals import corrected_deviation, nadeau_bengio, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_newcombes_table(successes: int, trials: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3."""
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [(45, 45), (0, 7), (44, 45), (300, 1000)])
def test_wilson_agrees_with_scipy(successes: int, trials: int) -> None:
    from scipy.stats import binomtest

    theirs = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_knows_nothing_from_nothing_and_stays_a_share() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 5)[1] == 1.0
    assert wilson(0, 5)[0] == 0.0


def test_without_overlap_the_corrected_interval_is_students() -> None:
    from scipy.stats import ttest_1samp

    values = [0.9, 0.8, 0.85, 0.95, 0.7]
    theirs = ttest_1samp(values, 0).confidence_interval(0.95)
    assert nadeau_bengio(values, 0) == pytest.approx((theirs.low, theirs.high))


def test_overlap_widens_the_interval_by_the_papers_factor() -> None:
    """Nadeau & Bengio 2003, section 4.1: with J = 15 and n2 / n1 = 1 / 9 the factor is sqrt(1 + 15 / 9)."""
    values = np.random.default_rng(0).uniform(0.8, 1, 15).tolist()
    assert corrected_deviation(values, 1 / 9) / corrected_deviation(values, 0) == pytest.approx((1 + 15 / 9) ** 0.5)


def test_the_corrected_interval_covers_where_the_plain_one_does_not() -> None:
    """True accuracy of a majority vote over a coin of 0.7, from 50 hold-outs of one sample of 60, 400 times over."""
    rng = np.random.default_rng(1)
    covered = {1 / 2: 0, 0.0: 0}
    for _ in range(400):
        sample = rng.random(60) < 0.7
        values = [float(np.mean(rng.permutation(sample)[:20])) for _ in range(50)]
        for ratio in covered:
            low, high = nadeau_bengio(values, ratio)
            covered[ratio] += low <= 0.7 <= high
    assert covered[0.0] < 0.5 * 400
    assert covered[1 / 2] > 0.88 * 400
