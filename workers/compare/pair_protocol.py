"""Verification: do two photos show one person? Thresholds on the distance of pairs, and the LFW protocol.

Huang, Ramesh, Berg & Learned-Miller, "Labeled Faces in the Wild", UMass Amherst TR 07-49 (2007), section 4: ten
folds; each is tested with the threshold that is best on the other nine; mean accuracy and its standard error.
A genuine pair shows one person, an impostor pair two. Equal distances count together, so row order never matters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.compare.metrics import Flags, Floats

FARS = (0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""False acceptance rates that are asked; those below 1 / impostor pairs cannot be seen and are left out."""


@dataclass(frozen=True)
class RocCurve:
    """Points of the receiver operating characteristic by growing threshold, (0, 0) first and (1, 1) last.

    Attributes:
        thresholds: (K,) float64, a pair is accepted at a distance below or at it; the first is minus infinity.
        far, tar: (K,) float64 in 0..1, accepted share of the impostor pairs, and of the genuine pairs.
    """

    thresholds: Floats
    far: Floats
    tar: Floats

    @property
    def area(self) -> float:
        """Area under the curve, by trapezoids."""
        return float(np.trapezoid(self.tar, self.far))


@dataclass(frozen=True)
class Verification:
    """The result of the protocol, over the pairs that could be judged.

    Attributes:
        accuracy, standard_error: mean over folds, and standard deviation over folds / sqrt(folds).
        accuracy_with_skipped: as if every pair that could not be judged had been answered wrongly.
        fold_accuracies, thresholds: by fold; with folds of people one threshold for each two of them, too.
        equal_error_rate: where false acceptance equals false rejection.
        tar_at_far: (FAR, TAR); only FARs of at least 1 / impostor pairs: fewer cannot be seen.
        pairs, skipped: judged, and not (a photo without a usable face).
        roc: over all folds.
        right: (judged pairs,) bool, whether each was judged rightly.
    """

    accuracy: float
    standard_error: float
    accuracy_with_skipped: float
    fold_accuracies: tuple[float, ...]
    thresholds: tuple[float, ...]
    equal_error_rate: float
    tar_at_far: tuple[tuple[float, float], ...]
    pairs: int
    skipped: int
    roc: RocCurve
    right: Flags


@dataclass(frozen=True)
class PairAccuracy:
    """How well one threshold on the distance separates genuine from impostor pairs.

    Attributes:
        accuracy: share of pairs that are judged rightly at `threshold`.
        threshold: a distance below it means one person.
        equal_error_rate: where false acceptance equals false rejection; needs no threshold.
        pairs: how many were judged.
    """

    accuracy: float
    threshold: float
    equal_error_rate: float
    pairs: int


def pair_accuracy(distance: Floats, same: Flags, threshold: float | None = None) -> PairAccuracy:
    """Judge pairs at a threshold that was chosen on other pairs, or else at the best one for these very pairs.

    Args:
        distance: (N,) float64 distances, no NaN.
        same: (N,) bool, True for a genuine pair; both kinds occur.
        threshold: a distance below it means one person.

    >>> distance, same = np.array([0.3, 0.5, 0.7, 0.9]), np.array([True, True, False, False])
    >>> pair_accuracy(distance, same)
    PairAccuracy(accuracy=1.0, threshold=0.6, equal_error_rate=0.0, pairs=4)
    """
    limit = best_threshold(distance, same) if threshold is None else threshold
    accuracy = float(np.mean((distance < limit) == same))
    return PairAccuracy(accuracy, limit, equal_error_rate(roc(distance, same)), len(distance))


def lfw_protocol(distance: Floats, same: Flags, fold: npt.NDArray[Any], fars: Sequence[float] = FARS) -> Verification:
    """Run the protocol.

    Where folds are folds of people, a pair may lie between two of them: it is judged with the threshold of the pairs
    that have nobody of either, and counts half in each.

    Args:
        distance: (N,) float64 Euclidean distances of the pairs' embeddings; NaN where a pair could not be judged.
        same: (N,) bool, whether the two photos show one person.
        fold: (N,) whole numbers, two different ones at least; or (N, 2), the folds of the two photos' people.
        fars: false acceptance rates at which the true acceptance rate is asked.

    Raises:
        ValueError: fewer than two folds, or a fold without pairs that could be judged, or pairs of one kind only.
    """
    judged = ~np.isnan(distance)
    ends = fold if fold.ndim == 2 else np.stack([fold, fold], axis=1)
    folds = np.unique(ends)
    distances, truth = distance[judged], same[judged]
    if len(folds) < 2 or len(np.unique(ends[judged])) < len(folds) or truth.all() or not truth.any():
        raise ValueError("verification takes two folds at least, each with a judged pair, and pairs of both kinds")
    right, chosen = _cross_judged(distances, truth, ends[judged])
    shares = [np.mean(ends == each, axis=1) for each in folds]
    accuracies = [float(np.average(right, weights=share[judged])) for share in shares]
    harsh = [float(right @ share[judged] / share.sum()) for share in shares]
    curve = roc(distances, truth)
    return Verification(
        accuracy=float(np.mean(accuracies)),
        standard_error=float(np.std(accuracies, ddof=1)) / math.sqrt(len(folds)),
        accuracy_with_skipped=float(np.mean(harsh)),
        fold_accuracies=tuple(accuracies),
        thresholds=tuple(chosen),
        equal_error_rate=equal_error_rate(curve),
        tar_at_far=tuple((far, tar_at(curve, far)) for far in fars if far >= 1 / np.sum(~truth)),
        pairs=int(judged.sum()),
        skipped=int((~judged).sum()),
        roc=curve,
        right=right,
    )


def _cross_judged(distance: Floats, same: Flags, ends: npt.NDArray[Any]) -> tuple[Flags, list[float]]:
    """Whether each pair is judged rightly by the threshold of the pairs without its folds; and those thresholds."""
    right = np.zeros(len(distance), bool)
    chosen = []
    blocks, block = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True)
    for number, pair_of_folds in enumerate(blocks):
        rest = ~np.isin(ends, pair_of_folds).any(axis=1)
        if not rest.any():
            raise ValueError("verification takes two folds at least, and pairs beside those of any two folds")
        chosen.append(best_threshold(distance[rest], same[rest]))
        mine = block.ravel() == number
        right[mine] = (distance[mine] < chosen[-1]) == same[mine]
    return right, chosen


def best_threshold(distance: Floats, same: Flags) -> float:
    """The threshold (distance < threshold means one person) with the fewest errors; of equals, the lowest.

    Candidates lie half-way between neighbouring distances, and beyond both ends.

    Args:
        distance: (N,) float64, no NaN.
        same: (N,) bool.
    """
    values, place = np.unique(distance, return_inverse=True)
    genuine = np.bincount(place, weights=same, minlength=len(values))
    impostors = np.bincount(place, weights=~same, minlength=len(values))
    # With the k nearest distinct distances accepted: refused genuine pairs + accepted impostor pairs.
    errors = genuine.sum() - np.concatenate([[0], np.cumsum(genuine)]) + np.concatenate([[0], np.cumsum(impostors)])
    limits = np.concatenate([[values[0] - 1], (values[1:] + values[:-1]) / 2, [values[-1] + 1]])
    return float(limits[int(np.argmin(errors))])


def roc(distance: Floats, same: Flags) -> RocCurve:
    """scikit-learn's curve over all distinct distances: Fawcett, Pattern Recognition Letters 27 (2006) 861-874.

    Args:
        distance: (N,) float64, no NaN.
        same: (N,) bool; both kinds occur.
    """
    from sklearn.metrics import roc_curve

    far, tar, scores = roc_curve(same, -distance, drop_intermediate=False)
    return RocCurve(thresholds=-scores, far=far, tar=tar)


def equal_error_rate(curve: RocCurve) -> float:
    """Where false acceptance equals false rejection, on the straight line between the two nearest points."""
    gap = curve.far - (1 - curve.tar)
    after = int(np.argmax(gap >= 0))
    before = after - 1
    part = -gap[before] / (gap[after] - gap[before])
    return float(curve.far[before] + part * (curve.far[after] - curve.far[before]))


def tar_at(curve: RocCurve, far: float) -> float:
    """Highest true acceptance rate whose false acceptance rate is not above `far`; nothing is interpolated."""
    return float(curve.tar[curve.far <= far].max())
