"""Same person or not, by distance alone: how well measurements tell people apart who were never trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.learning.classical.predictors import Array

MOST_PAIRS = 3000
"""Of either kind: enough for a standard error below 1 %."""


@dataclass(frozen=True)
class Pairs:
    """Rows of two faces each, as many of one person as of two.

    Attributes:
        first, second: (N,) row numbers.
        same: (N,) bool.
    """

    first: Array
    second: Array
    same: Array


@dataclass(frozen=True)
class Verification:
    """How well one threshold on the distance tells pairs apart.

    Attributes:
        accuracy: share of pairs judged rightly at `threshold`.
        threshold: Euclidean distance up to which two faces are one person's.
        equal_error_rate: where as many strangers pass as friends fail; needs no threshold.
        pairs: how many were judged.
    """

    accuracy: float
    threshold: float
    equal_error_rate: float
    pairs: int


def draw_pairs(labels: Array, seed: int, most: int = MOST_PAIRS) -> Pairs:
    """All pairs of one person's faces and as many of two people's, at most `most` of either; the same by seed.

    Raises:
        ValueError: nobody has two faces, or there is one person only.
    """
    rng = np.random.default_rng(seed)
    one, two = np.triu_indices(len(labels), k=1)
    same = labels[one] == labels[two]
    count = min(most, int(same.sum()), int((~same).sum()))
    if count == 0:
        raise ValueError("verification needs two people, and one of them twice")
    chosen = np.concatenate([rng.choice(np.flatnonzero(kind), count, replace=False) for kind in (same, ~same)])
    return Pairs(one[chosen], two[chosen], same[chosen])


def distances(embedding: Array, pairs: Pairs) -> Array:
    """(N,) Euclidean distances of the pairs."""
    return np.asarray(np.linalg.norm(embedding[pairs.first] - embedding[pairs.second], axis=1))


def best_threshold(found: Array, same: Array) -> float:
    """The distance that judges most pairs rightly; the middle of the gap between two pairs."""
    order = np.argsort(found, kind="stable")
    ranked, right = found[order], same[order]
    # up to and including rank i is called the same person
    score = np.cumsum(right) + (~right).sum() - np.cumsum(~right)
    best = int(np.argmax(score))
    return float(ranked[best] + ranked[min(best + 1, len(ranked) - 1)]) / 2


def verify(embedding: Array, pairs: Pairs, threshold: float | None = None) -> Verification:
    """Judge pairs at a threshold that was chosen elsewhere, or else at the best one for these very pairs."""
    found = distances(embedding, pairs)
    limit = best_threshold(found, pairs.same) if threshold is None else threshold
    accuracy = float(((found <= limit) == pairs.same).mean())
    return Verification(accuracy, limit, equal_error_rate(found, pairs.same), len(found))


def equal_error_rate(found: Array, same: Array) -> float:
    """The mean of both error rates where they are closest."""
    order = np.argsort(found, kind="stable")
    right = same[order]
    false_accept = np.cumsum(~right) / max(int((~right).sum()), 1)
    false_reject = 1 - np.cumsum(right) / max(int(right.sum()), 1)
    at = int(np.argmin(np.abs(false_accept - false_reject)))
    return float(false_accept[at] + false_reject[at]) / 2
