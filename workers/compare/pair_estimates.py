"""95 % intervals of the figures of a list of pairs, with people as the unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.compare.all_pairs import TarAtFar, error_estimate, tar_estimate
from workers.compare.distance_counts import PairVariance
from workers.compare.dyadic_interval import (
    Estimate,
    Numbers,
    dyadic_variance,
    estimate,
    few_people,
    least_effective,
    people_variance,
)
from workers.compare.metrics import Flags, Floats
from workers.compare.pair_protocol import Verification


@dataclass(frozen=True)
class PairEstimates:
    """The figures of `Verification` with intervals; they hold the people's chance, of both kinds of pairs."""

    accuracy: Estimate
    equal_error_rate: Estimate
    tar_at_far: tuple[TarAtFar, ...]


def pair_estimates(
    distance: Floats, same: Flags, first: Numbers, second: Numbers, result: Verification
) -> PairEstimates:
    """The intervals of a result.

    Args:
        distance: (N,) float64, no NaN: the judged pairs, in the order of `result.right`.
        same: (N,) bool.
        first, second: (N,) number of each photo's person; where people are not known, of the photo.
    """
    curve = result.roc

    def spread(limit: float) -> PairVariance:
        return _spread((distance <= limit).astype(np.float64), same, first, second)

    points = []
    for far, _ in result.tar_at_far:
        limit = float(curve.thresholds[int(np.searchsorted(curve.far, far + 1e-12, side="right")) - 1])
        accepted = int(np.sum(distance[~same] <= limit))
        # The curve accepts at a distance of its threshold, TarAtFar below it.
        above = max(0.0, float(np.nextafter(limit, np.inf)))
        points.append(TarAtFar(far, tar_estimate(curve, far, spread(limit)), above, accepted))
    crossing = float(curve.thresholds[int(np.argmax(curve.far >= 1 - curve.tar))])
    return PairEstimates(
        accuracy=_accuracy(result, first, second),
        equal_error_rate=error_estimate(curve, result.equal_error_rate, spread(crossing)),
        tar_at_far=tuple(points),
    )


def _spread(taken: Floats, same: Flags, first: Numbers, second: Numbers) -> PairVariance:
    """How the accepted shares vary; `taken` is (N,), 1 where the pair is accepted."""
    pairs = np.bincount(first[same]).astype(np.float64)
    accepted = np.bincount(first[same], taken[same]).astype(np.float64)
    rate, count = float(np.mean(taken[~same])), int(np.sum(~same))
    return PairVariance(
        genuine=people_variance(accepted, pairs),
        impostors=max(_variance(taken[~same], first[~same], second[~same]), rate * (1 - rate) / count),
        trials=least_effective(pairs),
        people=int(np.sum(pairs > 0)),
    )


def _accuracy(result: Verification, first: Numbers, second: Numbers) -> Estimate:
    ends = np.concatenate([first, second])
    variance = _variance(result.right.astype(np.float64), first, second)
    return estimate(result.accuracy, variance, least_effective(np.bincount(ends) / 2), len(np.unique(ends)))


def _variance(event: Floats, first: Numbers, second: Numbers) -> float:
    people = len(np.unique(np.concatenate([first, second])))
    return few_people(people) * dyadic_variance(event, first, second)
