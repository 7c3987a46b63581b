"""Group faces by person without any label: agglomerative clustering by the distance between people's centres.

    D(A, B) = mean squared distance between A and B - (spread of A + spread of B) / 2

is an unbiased estimate of the squared distance between the means of two people, however many faces each has. Groups
are merged by the smallest D, until it is above CUT. Then a face that is left over joins the group that is clearly the
nearest. All distances are in units of the encoder's prior (`EncoderScale`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storage.errors import InputError
from workers.compare.encoder_scale import EncoderScale
from workers.learning.arrays import Array, Floats
from workers.learning.classical.predictors import squared_distances

Groups = npt.NDArray[np.intp]

CUT = 0.35
"""Largest D of two groups that are one person. Chosen on jurassic-park with 40 strangers among it; docs/clusters.md."""

SPREAD = 0.9
"""Mean squared distance of two faces of one person, before a group has pairs of its own; worth SPREAD_PAIRS pairs."""

SPREAD_PAIRS = 5

JOIN = 1.05
"""A face that is left over joins a group whose two nearest faces are on average at most so far away, ..."""

JOIN_MARGIN = 0.05
"""... if those of every other group are farther away by so much."""

CORE = 3
"""Faces of a group that others may join."""

MOST_FACES = 20_000
"""Their distances take 1.6 GB, and stand twice in memory."""

LEFT_OVER = -1
"""The group of a face that is like no other."""


def group_faces(embedding: Floats, scale: EncoderScale, looseness: float = 1.0, least: int = 2) -> Groups:
    """The group of each face: 0 is the largest, equal ones in the order of their first faces; LEFT_OVER for none.

    Args:
        embedding: (N, D) float32.
        scale: of the encoder.
        looseness: multiplies all limits; with less than 1 a group must be closer together.
        least: faces of a group.

    Raises:
        InputError: more than MOST_FACES.

    >>> faces = np.array([[0.0], [0.1], [9.0], [0.2], [5.0], [9.1]], np.float32)
    >>> group_faces(faces, EncoderScale(prior=1.0, weight=1, centre=1.0, width=0.1)).tolist()
    [0, 0, 1, 0, -1, 1]
    """
    if len(embedding) > MOST_FACES:
        raise InputError(f"{len(embedding)} faces are too many to be grouped at once", f"At most {MOST_FACES}")
    unit = looseness * (scale.prior or scale.centre)
    points = np.asarray(embedding / np.float32(unit), np.float32)
    squares = squared_distances(points, points)
    np.fill_diagonal(squares, 0)
    merged = _merged(squares.copy())
    return _numbered(_joined(squares, merged), least)


@dataclass
class _Forest:
    """The groups while they are merged; a group has the number of one of its faces.

    Attributes:
        mean: (N, N) mean squared distances between groups; it is changed in place.
        size, within, pairs: of each group: faces, sum of squared distances of its pairs, and number of pairs.
        alive: whether a group of that number is there.
        nearest, gap: of each group: the group of the smallest D, and that D.
    """

    mean: Floats
    size: Array
    within: Array
    pairs: Array
    alive: npt.NDArray[np.bool_]
    nearest: Groups
    gap: Array

    @property
    def spread(self) -> Array:
        found: Array = (self.within + SPREAD_PAIRS * SPREAD) / (self.pairs + SPREAD_PAIRS)
        return found

    def gaps(self, rows: Groups) -> Array:
        """D of these groups to all, (rows, N); infinite to themselves and to groups that are gone."""
        spread = self.spread
        found: Array = self.mean[rows] - (spread[rows, None] + spread[None]) / 2
        found[:, ~self.alive] = np.inf
        found[np.arange(len(rows)), rows] = np.inf
        return found

    def look(self, rows: Groups) -> None:
        """Find the nearest of these groups anew."""
        for part in np.array_split(rows, len(rows) // 256 + 1):
            gaps = self.gaps(part)
            self.nearest[part], self.gap[part] = gaps.argmin(axis=1), gaps.min(axis=1)

    def merge(self, one: int, other: int) -> None:
        """Make two groups one, which has the number `one`."""
        ours, theirs = self.size[one], self.size[other]
        self.within[one] += self.within[other] + ours * theirs * self.mean[one, other]
        self.pairs[one] += self.pairs[other] + ours * theirs
        row = (ours * self.mean[one] + theirs * self.mean[other]) / (ours + theirs)
        self.mean[one], self.mean[:, one] = row, row
        self.size[one] += theirs
        self.alive[other], self.gap[other] = False, np.inf
        fresh = self.gaps(np.array([one]))[0]
        self.nearest[one], self.gap[one] = int(fresh.argmin()), fresh.min()
        stale = self.alive & ((self.nearest == one) | (self.nearest == other))
        stale[one] = False
        closer = (fresh < self.gap) & self.alive
        self.nearest[closer], self.gap[closer] = one, fresh[closer]
        self.look(np.flatnonzero(stale & ~closer))


def _merged(squares: Floats) -> Groups:
    """The group of each face after all merges up to CUT; `squares` is used up."""
    faces = len(squares)
    groups = np.arange(faces)
    if faces < 2:
        return groups
    forest = _Forest(
        mean=squares,
        size=np.ones(faces),
        within=np.zeros(faces),
        pairs=np.zeros(faces),
        alive=np.ones(faces, bool),
        nearest=np.zeros(faces, np.intp),
        gap=np.zeros(faces),
    )
    forest.look(groups)
    while True:
        one = int(forest.gap.argmin())
        if forest.gap[one] > CUT:
            return groups
        other = int(forest.nearest[one])
        forest.merge(one, other)
        groups = np.where(groups == other, one, groups)


def _joined(squares: Floats, groups: Groups) -> Groups:
    """The groups with those left-over faces that are clearly nearest to one of CORE faces or more."""
    names, counts = np.unique(groups, return_counts=True)
    cores = [np.flatnonzero(groups == name) for name in names[counts >= CORE]]
    joined = groups.copy()
    if not cores:
        return joined
    for face in np.flatnonzero(~np.isin(groups, names[counts >= CORE])):
        away = np.array([np.sqrt(np.sort(squares[face, core])[:2]).mean() for core in cores])
        order = np.argsort(away, kind="stable")
        others = away[order[1]] if len(cores) > 1 else np.inf
        if away[order[0]] <= JOIN and others - away[order[0]] >= JOIN_MARGIN:
            joined[face] = groups[cores[order[0]][0]]
    return joined


def _numbered(groups: Groups, least: int) -> Groups:
    """The groups by falling size, from 0; those of fewer than `least` faces are LEFT_OVER."""
    names, first, inverse, counts = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    place = np.full(len(names), LEFT_OVER, np.intp)
    kept = [name for name in np.lexsort((first, -counts)) if counts[name] >= least]
    place[kept] = np.arange(len(kept))
    return place[inverse]
