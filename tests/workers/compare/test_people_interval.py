"""Intervals whose unit is a person."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.people_interval import design_effect, people_interval


def people(*faces: int) -> np.ndarray:
    return np.repeat(np.array([f"p{i}" for i in range(len(faces))], object), faces)


def test_with_one_face_a_person_it_is_clopper_and_pearsons() -> None:
    from scipy.stats import binomtest

    events = np.zeros(50)
    events[:3] = 1
    theirs = binomtest(3, 50).proportion_ci(method="exact")
    assert people_interval(events, people(*[1] * 50)) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_34_faces_each_of_six_people_are_worth_123() -> None:
    """1 + (34 - 1) * 0.02 = 1.66; without an event the upper end is 1 - 0.025 ** (1 / n)."""
    who = people(*[34] * 6)
    assert design_effect(np.zeros(204), who) == pytest.approx(1.66)
    low, high = people_interval(np.zeros(204), who)
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1.66 / 204))


def test_errors_that_one_person_has_alone_widen_it() -> None:
    who = people(*[20] * 6)
    spread, alone = np.zeros(120), np.zeros(120)
    spread[::20] = 1
    alone[:6] = 1
    wide, narrow = people_interval(alone, who), people_interval(spread, who)
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])


def test_the_ends_are_0_and_1_where_it_never_or_always_happened() -> None:
    assert people_interval(np.zeros(9), people(3, 3, 3))[0] == 0
    assert people_interval(np.ones(9), people(3, 3, 3))[1] == 1
    assert people_interval(np.zeros(0), people()) == (0, 1)


@pytest.mark.slow
def test_it_covers_the_rate_of_people_who_differ() -> None:
    """Beta-binomial people, 2 % and correlation 0.02: at least 95 of 100 intervals hold the rate."""
    rng, rate, correlation = np.random.default_rng(0), 0.02, 0.02
    a, b = rate * (1 / correlation - 1), (1 - rate) * (1 / correlation - 1)
    who, hits = people(*[34] * 6), 0
    for _ in range(400):
        events = (rng.random((6, 34)) < rng.beta(a, b, (6, 1))).ravel().astype(float)
        low, high = people_interval(events, who)
        hits += low <= rate <= high
    assert hits >= 0.95 * 400
