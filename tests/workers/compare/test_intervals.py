"""Jeffreys' interval against scipy and published rules."""

from __future__ import annotations

import pytest

from workers.compare.intervals import jeffreys


@pytest.mark.parametrize(("successes", "trials"), [(45, 50), (1, 7), (44, 45), (300, 1000), (20.5, 60)])
def test_it_is_the_central_posterior_of_jeffreys_prior(successes: float, trials: int) -> None:
    from scipy.stats import beta

    posterior = beta(successes + 0.5, trials - successes + 0.5)
    assert jeffreys(successes, trials) == pytest.approx(posterior.interval(0.95))


@pytest.mark.parametrize(
    ("successes", "low", "high"), [(0, 0.0, 0.217), (1, 0.011, 0.381), (5, 0.224, 0.776), (10, 0.783, 1.0)]
)
def test_ten_trials_give_the_published_table(successes: int, low: float, high: float) -> None:
    """Brown, Cai & DasGupta 2001, table 5 (n = 10), with their ends at 0 and 1."""
    assert jeffreys(successes, 10) == pytest.approx((low, high), abs=6e-4)


def test_nothing_is_known_from_nothing_and_the_ends_are_exact() -> None:
    assert jeffreys(0, 0) == (0.0, 1.0)
    assert jeffreys(5, 5)[1] == 1.0
    assert jeffreys(0, 5)[0] == 0.0
