"""Open-set identification: the detection-and-identification rate (DIR) at a false-alarm rate (FAR).

People who are never trained come in two sets: those of role `calibrate` choose the threshold on the known score, those
of role `unknown` test it, so that the figure is not fitted to the people whom it is about.

Phillips, Grother & Micheals, "Evaluation methods in face recognition" (Handbook of Face Recognition, 2nd ed. 2011,
chapter 21); Dhamija, Günther & Boult, "Reducing network agnostophobia", NeurIPS 2018, for the curve (OSCR).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workers.compare.answers import Outcomes, Split
from workers.compare.intervals import Interval
from workers.compare.metrics import Flags, Floats, Words
from workers.compare.people_interval import people_interval

TARGET_FAR = 0.01
"""Share of unknown people's faces that may be accepted."""


@dataclass(frozen=True)
class Rate:
    """A share of distinct faces, and its 95 % interval with people as the unit (`people_interval`)."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class OpenSet:
    """The operating point at the target false-alarm rate, over all splits.

    Attributes:
        dir: share of known people's faces that are accepted and given the right name.
        far: share of unknown people's faces that are accepted.
        aim: the rate that was allowed on the calibration faces of a split: the target, or 1 / their number if that is
            more; the mean over splits.
        threshold: median over splits; a face is accepted from it upwards.
        unknown_faces: distinct faces that tested.
    """

    dir: Rate
    far: Rate
    aim: float
    threshold: float
    unknown_faces: int


@dataclass(frozen=True)
class OpenSetCurve:
    """Points for every false-alarm rate k / n of the n unknown faces, k = 1 .. n; means over splits.

    Attributes:
        far: (n,) float64 in 0..1, false-alarm rate, called FPR in an OSCR curve.
        dir: (n,) float64 in 0..1, accepted and rightly named, called CCR in an OSCR curve.
        miss: (n,) float64 in 0..1, known faces that are rejected: with `far` the DET curve.
    """

    far: Floats
    dir: Floats
    miss: Floats


def threshold_for(scores: Floats, far: float) -> float:
    """Lowest threshold that accepts (score >= threshold) at most the share `far` of unknown people's scores.

    A share below 1 / n is taken as 1 / n: the finest that n scores can show.

    Args:
        scores: (n,) float64 known scores, at least one.
        far: 0..1.

    >>> limit = threshold_for(np.array([0.1, 0.2, 0.3, 0.9]), far=0.25)
    >>> [bool(score >= limit) for score in (0.3, 0.9)]
    [False, True]
    """
    falling = np.sort(scores)[::-1]
    # 1e-9: a share times a count that should be whole must not fall below it by rounding.
    allowed = math.floor(max(far, 1 / len(falling)) * len(falling) + 1e-9)
    return -math.inf if allowed >= len(falling) else float(np.nextafter(falling[allowed], math.inf))


def identification_rate(known: Floats, right: Flags, threshold: float) -> float:
    """Share of known faces that are accepted and rightly named (rank 1).

    Args:
        known: (N,) float64 known scores of known people's faces.
        right: (N,) bool, whether the best name is the right one.
    """
    return float(np.mean((known >= threshold) & right))


def open_set(test: Outcomes, calibrate: Outcomes, unknown: Outcomes, far: float = TARGET_FAR) -> OpenSet | None:
    """DIR at the FAR that the calibration faces allow; None in a closed run.

    Each split's model has training faces of its own, and so a threshold of its own.
    """
    if not calibrate.faces or not unknown.faces:
        return None
    thresholds, aims = [], []
    named, alarmed = np.zeros(len(test.faces), bool), np.zeros(len(unknown.faces), bool)
    for split in test.splits():
        known, strangers = test.of_split(split), unknown.of_split(split)
        choosing = _choosing(calibrate, split, unknown.truth[strangers])
        limit = threshold_for(choosing, far)
        thresholds.append(limit)
        aims.append(max(far, 1 / len(choosing)))
        named[known] = (test.known_score[known] >= limit) & (test.guess == test.truth)[known]
        alarmed[strangers] = unknown.known_score[strangers] >= limit
    return OpenSet(
        dir=_rate(test, named),
        far=_rate(unknown, alarmed),
        aim=float(np.mean(aims)),
        threshold=float(np.median(thresholds)),
        unknown_faces=len(set(unknown.faces)),
    )


def _choosing(calibrate: Outcomes, split: Split, tested: Words) -> Floats:
    """Known scores that choose the threshold of a split.

    Where all its faces of that role share a group with what trains, those of other splits, of people who do not test
    here: people play each role in turn.
    """
    mine = calibrate.known_score[calibrate.of_split(split)]
    if len(mine):
        return mine
    others = calibrate.known_score[[person not in set(tested) for person in calibrate.truth]]
    return others if len(others) else calibrate.known_score


def _rate(outcomes: Outcomes, events: Flags) -> Rate:
    """How often it happened, a face's splits averaged."""
    number: dict[tuple[str, int], int] = {}
    face = np.asarray([number.setdefault(each, len(number)) for each in outcomes.faces], np.intp)
    rates = np.bincount(face, weights=events) / np.bincount(face)
    people = outcomes.truth[np.unique(face, return_index=True)[1]]
    return Rate(float(np.mean(rates)), people_interval(np.asarray(rates, np.float64), people))


def open_set_curve(test: Outcomes, unknown: Outcomes) -> OpenSetCurve | None:
    """The whole trade-off on the unknown faces, from 1 / their number up; None where there are none.

    Strangers change with the split, and so does the number of their faces: the smallest sets the steps.
    """
    counts = {split: len(unknown.of_split(split)) for split in test.splits()}
    splits = [split for split, count in counts.items() if count]
    if not splits:
        return None
    fewest = min(counts[split] for split in splits)
    named, missed = [], []
    for split in splits:
        rows = test.of_split(split)
        known, right = test.known_score[rows], (test.guess == test.truth)[rows]
        scores = unknown.known_score[unknown.of_split(split)]
        limits = [threshold_for(scores, k / fewest) for k in range(1, fewest + 1)]
        named.append([identification_rate(known, right, limit) for limit in limits])
        missed.append([float(np.mean(known < limit)) for limit in limits])
    steps = np.arange(1, len(named[0]) + 1) / len(named[0])
    return OpenSetCurve(steps, np.mean(named, axis=0), np.mean(missed, axis=0))
