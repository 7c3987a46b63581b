"""All pairs of the photos of a folder: true acceptance rates at false acceptance rates, after the BLUFR protocol.

Liao, Lei, Yi & Li, "A benchmark study of large-scale unconstrained face recognition", IJCB 2014. Every interval holds
two sources of chance: the people of the genuine pairs, and the people of the impostor pairs, who decide the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.compare.distance_counts import BINS, Counts, DistanceCounts, PairVariance
from workers.compare.dyadic_interval import Estimate, Numbers, estimate
from workers.compare.metrics import Floats
from workers.compare.pair_protocol import FARS, RocCurve, equal_error_rate


@dataclass(frozen=True)
class TarAtFar:
    """The highest true acceptance rate whose false acceptance rate is not above `far`.

    Attributes:
        threshold: a pair is accepted at a distance below it.
        accepted: impostor pairs that are.
    """

    far: float
    tar: Estimate
    threshold: float
    accepted: int


@dataclass(frozen=True)
class AllPairs:
    """The result over all pairs of photos.

    Attributes:
        tar_at_far: only FARs of at least 1 / impostor pairs: fewer cannot be seen.
        genuine, impostors: pairs of one person, and of two.
        photos, people: that were compared.
        roc: its thresholds are the bins' edges.
    """

    tar_at_far: tuple[TarAtFar, ...]
    equal_error_rate: Estimate
    genuine: int
    impostors: int
    photos: int
    people: int
    roc: RocCurve


def all_pairs(embeddings: Floats, person: Numbers, fars: Sequence[float] = FARS) -> AllPairs:
    """Compare every photo with every other by Euclidean distance.

    Args:
        embeddings: (N, D) float64, no NaN, sorted by person.
        person: (N,) number of the person, growing from 0 without gaps.
        fars: false acceptance rates at which the true acceptance rate is asked.

    Raises:
        ValueError: there is one person only, or nobody has two photos; or the photos are not sorted.
    """
    counts = DistanceCounts.of(embeddings, person)
    genuine, impostors = counts.histograms()
    same, other = int(genuine.sum()), int(impostors.sum())
    if not same or not other:
        raise ValueError("two people are needed, and two photos of one of them")
    curve = _curve(genuine, impostors, counts.width)
    asked = [far for far in fars if far * other >= 1]
    edges = [_edge(curve, far) for far in asked]
    error = equal_error_rate(curve)
    crossing = int(np.argmax(curve.far >= 1 - curve.tar))
    rates = [*asked, min(max(error, 1 / other), 1 - 1 / other)]
    *spread, at_error = counts.variances([*edges, crossing], rates)
    return AllPairs(
        tar_at_far=tuple(
            TarAtFar(far, tar_estimate(curve, far, each), edge * counts.width, int(impostors[:edge].sum()))
            for far, edge, each in zip(asked, edges, spread, strict=True)
        ),
        equal_error_rate=error_estimate(curve, error, at_error),
        genuine=same,
        impostors=other,
        photos=len(person),
        people=len(counts.starts) - 1,
        roc=curve,
    )


def tar_estimate(curve: RocCurve, far: float, spread: PairVariance) -> Estimate:
    """The true acceptance rate at a false acceptance rate and its interval, to first order ("delta method").

    The curve's slope between half the rate and twice the rate carries the impostors' chance over.
    """
    value = float(curve.tar[_edge(curve, far)])
    slope = (curve.tar[_edge(curve, min(1.0, 2 * far))] - curve.tar[_edge(curve, far / 2)]) / math.log(4)
    variance = spread.genuine + float(slope) ** 2 * spread.impostors / far**2
    return estimate(value, variance, spread.trials, spread.people)


def error_estimate(curve: RocCurve, error: float, spread: PairVariance) -> Estimate:
    """The equal error rate and its interval, to first order; see `tar_estimate`."""
    gap = min(1.0, 2 * error) - error / 2
    steep = float(curve.tar[_edge(curve, min(1.0, 2 * error))] - curve.tar[_edge(curve, error / 2)]) / gap if gap else 1
    variance = (steep**2 * spread.impostors + spread.genuine) / (1 + steep) ** 2
    return estimate(error, variance, spread.trials, spread.people)


def _edge(curve: RocCurve, far: float) -> int:
    """The last point whose false acceptance rate is not above `far`."""
    # 1e-12: a count over a count must not exceed its own quotient by rounding.
    return int(np.searchsorted(curve.far, far + 1e-12, side="right")) - 1


def _curve(genuine: Counts, impostors: Counts, width: float) -> RocCurve:
    tar, far = (np.concatenate([[0], np.cumsum(each)]) / each.sum() for each in (genuine, impostors))
    edges = np.arange(BINS + 1, dtype=np.float64) * width
    return RocCurve(thresholds=edges, far=far, tar=tar)
