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
    later = _LaterFaces(labels)
    count = min(most, later.genuine, later.impostors)
    if count == 0:
        raise ValueError("verification needs two people, and one of them twice")
    genuine = later.genuine_pairs(rng.choice(later.genuine, count, replace=False))
    impostors = later.impostor_pairs(rng.choice(later.impostors, count, replace=False))
    first, second = np.concatenate([genuine, impostors], axis=1)
    return FacePairs(first, second, np.arange(2 * count) < count)


class _LaterFaces:
    """The pairs of a face with each later one, in the order (0, 1), (0, 2), ..., (1, 2), ..., found by their number.

    In memory are the faces and not their pairs, of which 20,000 faces have 200 million.

    Attributes:
        genuine, impostors: how many pairs there are of either kind.
    """

    def __init__(self, labels: Array) -> None:
        _, person = np.unique(labels, return_inverse=True)
        faces = np.bincount(person, minlength=1)
        self._rows = np.argsort(person, kind="stable")
        self._ends = np.cumsum(faces)[person]
        self._place = np.empty(len(person), np.int64)
        self._place[self._rows] = np.arange(len(person))
        mine = self._ends - self._place - 1
        others = np.arange(len(person))[::-1] - mine
        self._genuine, self._impostors = np.cumsum([0, *mine]), np.cumsum([0, *others])
        self.genuine, self.impostors = int(self._genuine[-1]), int(self._impostors[-1])

    def genuine_pairs(self, numbers: Array) -> Array:
        """(2, N) rows of the genuine pairs of these numbers, counted from 0."""
        first = np.searchsorted(self._genuine, numbers, side="right") - 1
        return np.stack([first, self._rows[self._place[first] + 1 + numbers - self._genuine[first]]])

    def impostor_pairs(self, numbers: Array) -> Array:
        """(2, N) rows of the impostor pairs of these numbers, counted from 0."""
        first = np.searchsorted(self._impostors, numbers, side="right") - 1
        return np.stack([first, [self._impostor(*each) for each in zip(first, numbers, strict=True)]])

    def _impostor(self, first: int, number: int) -> int:
        own = self._rows[self._place[first] + 1 : self._ends[first]]  # later faces of the same person
        nth = int(number - self._impostors[first])
        others_before = own - first - 1 - np.arange(len(own))
        return int(first) + 1 + nth + int(np.searchsorted(others_before, nth, side="right"))


def pair_distances(embedding: Array, pairs: FacePairs) -> Array:
    """(N,) float64 Euclidean distances of the pairs.

    Args:
        embedding: (faces, size) float, one row a face.
    """
    # float64: half-way between two neighbouring float32 distances there may be no float32
    return np.asarray(np.linalg.norm(embedding[pairs.first] - embedding[pairs.second], axis=1), np.float64)
