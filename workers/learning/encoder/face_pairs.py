"""Pairs of faces for verifying an encoder: as many genuine pairs (one person) as impostor pairs (two people).

How well distances separate them is measured by `workers.compare.pair_protocol`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.learning.arrays import Array

MOST_PAIRS = 3000
"""Of either kind: enough for a standard error below 1 %."""


@dataclass(frozen=True)
class FacePairs:
    """Rows of two faces each.

    Attributes:
        first, second: (N,) int64 row numbers.
        same: (N,) bool, True for a genuine pair.
    """

    first: Array
    second: Array
    same: Array


def draw_pairs(labels: Array, seed: int, most: int = MOST_PAIRS) -> FacePairs:
    """All genuine pairs and as many impostor pairs, at most `most` of either; the same by seed.

    Args:
        labels: (N,) names or class numbers.

    Raises:
        ValueError: no person has two faces, or there is one person only.
    """
    rng = np.random.default_rng(seed)
    one, two = np.triu_indices(len(labels), k=1)
    same = labels[one] == labels[two]
    count = min(most, int(same.sum()), int((~same).sum()))
    if count == 0:
        raise ValueError("verification needs two people, and one of them twice")
    chosen = np.concatenate([rng.choice(np.flatnonzero(kind), count, replace=False) for kind in (same, ~same)])
    return FacePairs(one[chosen], two[chosen], same[chosen])


def pair_distances(embedding: Array, pairs: FacePairs) -> Array:
    """(N,) float64 Euclidean distances of the pairs.

    Args:
        embedding: (faces, size) float, one row a face.
    """
    # float64: half-way between two neighbouring float32 distances there may be no float32
    return np.asarray(np.linalg.norm(embedding[pairs.first] - embedding[pairs.second], axis=1), np.float64)
