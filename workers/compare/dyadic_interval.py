"""95 % intervals of rates over pairs of photos: the people are the unit, not the pairs.

Two pairs that share a person are not independent. The variance of a rate therefore sums over all pairs of pairs with a
person in common ("dyadic clustering"): Aronow, Samii & Assenova, "Cluster-robust variance estimation for dyadic data",
Political Analysis 23 (2015) 564-577. The interval is that of the number of independent pairs that vary as much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.compare.intervals import LEVEL
from workers.compare.metrics import Floats
from workers.compare.people_interval import CORRELATION, clopper_pearson

Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Estimate:
    """A rate and its 95 % interval, all in 0..1."""

    value: float
    low: float
    high: float


def estimate(value: float, variance: float, count: float, people: int) -> Estimate:
    """Clopper and Pearson's interval on the effective number of independent trials.

    Korn & Graubard, Survey Methodology 24 (1998) 193-201. Where nothing, or everything, succeeded, no variance can be
    seen and `count` alone decides.

    Args:
        value: the rate, 0..1.
        variance: of the rate; smaller ones than that of `count` independent trials are not believed.
        count: independent trials at most, as `least_effective` gives them.
        people: who differ; the variance between few of them is itself uncertain (Student's t, as there).

    >>> estimate(0.5, 0.0025, 200, people=1000)
    Estimate(value=0.5, low=0.398..., high=0.601...)
    >>> estimate(0.0, 0.0, 20, people=5)
    Estimate(value=0.0, low=0.0, high=0.1684...)
    """
    from scipy.stats import norm, t

    effective, tail = count, (1 - LEVEL) / 2
    if variance > 0 and 0 < value < 1:
        few = float(norm.ppf(tail) / t.ppf(tail, max(1, people - 1))) ** 2
        effective = min(count, value * (1 - value) / variance * few)
    return Estimate(value, *clopper_pearson(value * effective, effective))


def dyadic_variance(event: Floats, first: Numbers, second: Numbers) -> float:
    """Variance of the mean of `event` where pairs that share a person depend on each other; never negative.

    Args:
        event: (N,) float64, one value a pair.
        first, second: (N,) number of each photo's person; equal for a genuine pair.

    >>> apart = dyadic_variance(np.array([0.0, 1.0]), np.array([0, 2]), np.array([1, 3]))
    >>> shared = dyadic_variance(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 2, 2]), np.array([1, 1, 3, 3]))
    >>> apart == shared == 0.125
    True
    """
    excess = event - event.mean()
    people = int(max(first.max(), second.max())) + 1
    apart = first != second
    by_person = np.bincount(first, excess, people) + np.bincount(second[apart], excess[apart], people)
    low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
    _, cell = np.unique(low.astype(np.int64) * people + high, return_inverse=True)
    by_cell = np.bincount(cell, excess[apart]) if len(cell) else np.zeros(1)
    # Every pair of pairs with a person in common once: those of one cell share two people and would count twice.
    total = float(np.sum(by_person**2) - np.sum(by_cell**2))
    return max(total, 0.0) / len(event) ** 2


def few_people(people: int) -> float:
    """By what to multiply `dyadic_variance` of impostor pairs: with few people it is too small.

    Simulated with 6, 20, 40 and 150 people the true variance was 2.3, 1.31, 1.14 and 1.10 times as large as the mean
    of the estimates; this gives 2.25, 1.23, 1.11 and 1.03. With two people there is one pair of people: no variance
    can be seen, and 9 is a convention.

    >>> few_people(6), few_people(2)
    (2.25, 9.0)
    """
    return (people / (people - 2)) ** 2 if people > 3 else 9.0


def people_variance(events: Floats, trials: Floats) -> float:
    """Variance of sum(events) / sum(trials) where each person's trials depend on each other and people do not.

    Args:
        events, trials: (P,) of each person; a person without trials does not count. Less than two people: 0.
    """
    shown = trials > 0
    people, total = int(shown.sum()), float(trials.sum())
    if people < 2:
        return 0.0
    excess = events[shown] - events.sum() / total * trials[shown]
    return people / (people - 1) * float(np.sum(excess**2)) / total**2


def least_effective(trials: Floats) -> float:
    """Independent trials at most: as many as there are if those of one person correlate by CORRELATION.

    >>> round(least_effective(np.full(10, 51.0)))
    255
    """
    total = float(trials.sum())
    return total / (1 + (float(np.sum(trials**2)) / total - 1) * CORRELATION) if total else 0.0
