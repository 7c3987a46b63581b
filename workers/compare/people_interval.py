"""95 % interval of a rate over faces whose people differ: the people are the unit, not the faces."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.compare.intervals import LEVEL, Interval
from workers.compare.metrics import Floats

CORRELATION = 0.02
"""Of the errors within a person, at least so much is assumed, because few people cannot show it."""


def people_interval(events: Floats, people: npt.NDArray[Any]) -> Interval:
    """Clopper and Pearson's interval on the effective number of faces; (0, 1) without a face.

    Korn & Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data", Survey Methodology 24 (1998) 193-201. It covers more than 95 % where events are rare, and less
    where errors gather in one of few people (docs/statistics.md).

    Args:
        events: (N,) 0..1, one distinct face each: whether it happened, or how often over repeats.
        people: (N,) who the face shows, a name or a number.

    >>> low, high = people_interval(np.zeros(60), np.repeat(np.array(["ada", "bo", "cy"], object), 20))
    >>> f"{low:.3f} to {high:.3f}"
    '0.000 to 0.081'
    """
    if not len(events):
        return 0.0, 1.0
    effective = len(events) / design_effect(events, people)
    return clopper_pearson(float(np.mean(events)) * effective, effective)


def clopper_pearson(hits: float, trials: float) -> Interval:
    """The exact interval of a proportion, of an effective number of trials too; (0, 1) without a trial.

    >>> low, high = clopper_pearson(45, 50)
    >>> f"{low:.3f} to {high:.3f}"
    '0.782 to 0.967'
    """
    from scipy.stats import beta

    if trials <= 0:
        return 0.0, 1.0
    tail = (1 - LEVEL) / 2
    low = 0.0 if hits <= 0 else float(beta.ppf(tail, hits, trials - hits + 1))
    high = 1.0 if hits >= trials else float(beta.ppf(1 - tail, hits + 1, trials - hits))
    return low, high


def design_effect(events: Floats, people: npt.NDArray[Any]) -> float:
    """How many times more the rate varies than that of as many faces of people who are all different; at least 1.

    Measured between people, and at least what CORRELATION within a person leads to.
    """
    _, person = np.unique(people, return_inverse=True)
    faces = np.bincount(person)
    count, rate = len(events), float(np.mean(events))
    least = 1 + (float(np.sum(faces**2)) / count - 1) * CORRELATION
    if len(faces) < 2 or not 0 < rate < 1:
        return least
    excess = np.bincount(person, weights=events) - rate * faces
    variance = len(faces) / (len(faces) - 1) * float(np.sum(excess**2)) / count**2
    return max(variance / (rate * (1 - rate) / count), least)
