"""The protocol of Labeled Faces in the Wild: are two photos of one person?

Huang, Ramesh, Berg & Learned-Miller, "Labeled Faces in the Wild", UMass Amherst TR 07-49 (2007), section 4: ten
folds; each is tested with the threshold that is best on the other nine; the mean of the ten accuracies is reported
with its standard error. The encoder was trained on other data, which the authors call "unrestricted, labelled
outside data".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.compare.metrics import Flags, Floats

FARS = (0.1, 0.01, 0.001)


@dataclass(frozen=True)
class RocCurve:
    """Points of the receiver operating characteristic by growing threshold, (0, 0) first and (1, 1) last.

    Attributes:
        thresholds: (K,) a pair is accepted at a distance below or at it; the first is minus infinity.
        far, tar: (K,) accepted share of the pairs of two people, and of the pairs of one.
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
        fold_accuracies, thresholds: by fold.
        equal_error_rate: where as many strangers are accepted as friends are refused.
        tar_at_far: (FAR, TAR) pairs; only FARs of at least 1 / negatives: fewer cannot be seen.
        pairs, skipped: judged, and not (a photo without a usable face).
        roc: over all folds.
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


def verify(distance: Floats, same: Flags, fold: npt.NDArray[Any], fars: Sequence[float] = FARS) -> Verification:
    """Run the protocol.

    Args:
        distance: (N,) Euclidean distances of the pairs' embeddings; NaN where a pair could not be judged.
        same: (N,) whether the two photos show one person.
        fold: (N,) whole numbers, two different ones at least.
        fars: false acceptance rates at which the true acceptance rate is asked.

    Raises:
        ValueError: fewer than two folds, or a fold without pairs that could be judged, or pairs of one kind only.
    """
    judged = ~np.isnan(distance)
    folds = np.unique(fold)
    distances, truth, place = distance[judged], same[judged], fold[judged]
    if len(folds) < 2 or len(np.unique(place)) < len(folds) or truth.all() or not truth.any():
        raise ValueError("verification takes two folds at least, each with a judged pair, and pairs of both kinds")
    chosen = [best_threshold(distances[place != each], truth[place != each]) for each in folds]
    right = [(distances[place == each] < t) == truth[place == each] for each, t in zip(folds, chosen, strict=True)]
    accuracies = [float(np.mean(answers)) for answers in right]
    harsh = [float(answers.sum() / np.sum(fold == each)) for each, answers in zip(folds, right, strict=True)]
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
    )


def best_threshold(distance: Floats, same: Flags) -> float:
    """The threshold (distance < threshold means one person) with the fewest errors; of equals, the lowest.

    Candidates lie half-way between neighbouring distances, and beyond both ends.
    """
    values, place = np.unique(distance, return_inverse=True)
    friends = np.bincount(place, weights=same, minlength=len(values))
    strangers = np.bincount(place, weights=~same, minlength=len(values))
    # With the k nearest distinct distances accepted: refused friends + accepted strangers.
    errors = friends.sum() - np.concatenate([[0], np.cumsum(friends)]) + np.concatenate([[0], np.cumsum(strangers)])
    limits = np.concatenate([[values[0] - 1], (values[1:] + values[:-1]) / 2, [values[-1] + 1]])
    return float(limits[int(np.argmin(errors))])


def roc(distance: Floats, same: Flags) -> RocCurve:
    """The curve over all distinct distances. Fawcett, Pattern Recognition Letters 27 (2006) 861-874, algorithm 1."""
    values, place = np.unique(distance, return_inverse=True)
    friends = np.cumsum(np.bincount(place, weights=same, minlength=len(values)))
    strangers = np.cumsum(np.bincount(place, weights=~same, minlength=len(values)))
    return RocCurve(
        thresholds=np.concatenate([[-np.inf], values]),
        far=np.concatenate([[0.0], strangers / strangers[-1]]),
        tar=np.concatenate([[0.0], friends / friends[-1]]),
    )


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
