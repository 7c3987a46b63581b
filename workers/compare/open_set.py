"""Telling strangers apart: detection and identification rate at a false alarm rate.

Strangers come in two sets of different people: those of role `calibrate` choose the threshold on the known score,
those of role `unknown` test it, so that the figure is not fitted to the people that it is told for.

Phillips, Grother & Micheals, "Evaluation methods in face recognition" (Handbook of Face Recognition, 2nd ed. 2011,
chapter 21); Dhamija, Günther & Boult, "Reducing network agnostophobia", NeurIPS 2018, for the curve (OSCR).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workers.compare.answers import Outcomes
from workers.compare.metrics import Flags, Floats

TARGET_FAR = 0.01
"""Of a hundred strangers one may be taken for somebody."""


@dataclass(frozen=True)
class OpenSet:
    """Rejection of strangers, over all splits.

    Attributes:
        dir: share of known people's faces that are accepted and given the right name.
        far: share of strangers' faces that are accepted, as it may be claimed: never below 1 / strangers, since what
            was not seen in n faces cannot be called rarer than 1 in n.
        measured: the same as it was counted; may be 0.
        aim: the rate that the calibration strangers were allowed: the target, or 1 / their faces if that is more.
        threshold: median over splits; a face is accepted from it upwards.
        strangers: distinct faces that tested.
    """

    dir: float
    far: float
    measured: float
    aim: float
    threshold: float
    strangers: int


@dataclass(frozen=True)
class OpenSetCurve:
    """Points for every false alarm rate k / n of the n test strangers, k = 1 .. n; means over splits.

    Attributes:
        far: (n,) false alarm rate, called FPR in an OSCR curve.
        dir: (n,) accepted and rightly named, called CCR in an OSCR curve.
        miss: (n,) known faces that are rejected: with `far` the DET curve.
    """

    far: Floats
    dir: Floats
    miss: Floats


def threshold_for(scores: Floats, far: float) -> float:
    """Lowest threshold that accepts (score >= threshold) at most the share `far` of these strangers' scores.

    A share below 1 / n is taken as 1 / n: the finest that n scores can show.
    """
    falling = np.sort(scores)[::-1]
    # 1e-9: a share times a count that should be whole must not fall below it by rounding.
    allowed = math.floor(max(far, 1 / len(falling)) * len(falling) + 1e-9)
    return -math.inf if allowed >= len(falling) else float(np.nextafter(falling[allowed], math.inf))


def identification_rate(known: Floats, right: Flags, threshold: float) -> float:
    """Share of known faces that are accepted and rightly named (rank 1)."""
    return float(np.mean((known >= threshold) & right))


def open_set(test: Outcomes, calibrate: Outcomes, unknown: Outcomes, far: float = TARGET_FAR) -> OpenSet | None:
    """DIR at the FAR that the calibration strangers allow; None where a run has no strangers.

    Each split's model has its own scale of known scores, so each gets its own threshold.
    """
    if not calibrate.faces or not unknown.faces:
        return None
    thresholds, rates, alarms = [], [], []
    for split in test.splits():
        rows = test.of_split(split)
        limit = threshold_for(calibrate.known_score[calibrate.of_split(split)], far)
        thresholds.append(limit)
        rates.append(identification_rate(test.known_score[rows], (test.guess == test.truth)[rows], limit))
        alarms.append(float(np.mean(unknown.known_score[unknown.of_split(split)] >= limit)))
    strangers = len(set(unknown.faces))
    measured = float(np.mean(alarms))
    return OpenSet(
        dir=float(np.mean(rates)),
        far=max(measured, 1 / strangers),
        measured=measured,
        aim=max(far, 1 / len(set(calibrate.faces))),
        threshold=float(np.median(thresholds)),
        strangers=strangers,
    )


def open_set_curve(test: Outcomes, unknown: Outcomes) -> OpenSetCurve | None:
    """The whole trade-off on the test strangers; None where there are none. It begins at 1 / strangers."""
    if not unknown.faces or not test.faces:
        return None
    named, missed = [], []
    for split in test.splits():
        rows = test.of_split(split)
        known, right = test.known_score[rows], (test.guess == test.truth)[rows]
        strangers = unknown.known_score[unknown.of_split(split)]
        limits = [threshold_for(strangers, k / len(strangers)) for k in range(1, len(strangers) + 1)]
        named.append([identification_rate(known, right, limit) for limit in limits])
        missed.append([float(np.mean(known < limit)) for limit in limits])
    steps = np.arange(1, len(named[0]) + 1) / len(named[0])
    return OpenSetCurve(steps, np.mean(named, axis=0), np.mean(missed, axis=0))
