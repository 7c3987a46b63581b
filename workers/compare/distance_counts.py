"""Count the distances of all pairs of photos in bins, block by block.

Memory grows with the photos and not with their pairs. A block holds all rows of its people, so that the pairs of two
people are counted together and their dependence can be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.compare.dyadic_interval import Numbers, few_people, least_effective, people_variance
from workers.compare.metrics import Floats

BINS = 100_000
"""From 0 to the largest distance possible: a threshold is exact to 1e-5 of that."""

ROWS = 512
"""Of a block: with its intermediate arrays 150 MB for ten thousand photos."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PairVariance:
    """How much the rates at one threshold vary, with people as the unit.

    Attributes:
        genuine: variance of the accepted share of the genuine pairs.
        impostors: variance of the accepted share of the impostor pairs.
        trials: genuine pairs, as independent ones.
        people: with a genuine pair.
    """

    genuine: float
    impostors: float
    trials: float
    people: int


@dataclass(frozen=True)
class DistanceCounts:
    """All pairs of some photos.

    Attributes:
        embeddings: (N, D) float64, sorted by person.
        person: (N,) number of the person, growing from 0 without gaps.
        starts: (P + 1,) first row of each person, and N.
        width: of a bin, in the unit of the distances.
    """

    embeddings: Floats
    person: Numbers
    starts: Numbers
    width: float

    @classmethod
    def of(cls, embeddings: Floats, person: Numbers) -> DistanceCounts:
        """Raises ValueError where `person` does not grow from 0 without gaps."""
        steps = np.diff(person, prepend=-1)
        if not np.isin(steps, (0, 1)).all() or not len(person) or person[0] != 0:
            raise ValueError("photos must be sorted by person, numbered from 0")
        length = float(np.linalg.norm(embeddings, axis=1).max())
        starts = np.append(np.flatnonzero(steps), len(person))
        return cls(embeddings, person, starts, 2 * max(length, 1e-9) / (BINS - 1))

    def histograms(self) -> tuple[Counts, Counts]:
        """Pairs of one person, and of two, in each bin; (BINS,) each."""
        genuine, together = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
        for first, last in self._groups():
            for begin, end in self._chunks(first, last):
                bins = self._bins(begin, end)
                near = self.starts[last] - begin
                own = self.person[begin:end, None] == self.person[None, begin : begin + near]
                genuine += np.bincount(bins[:, :near][own], minlength=BINS + 1)[:BINS]
                together += np.bincount(bins.ravel(), minlength=BINS + 1)[:BINS]
        return genuine, together - genuine

    def variances(self, edges: Sequence[int], rates: Sequence[float]) -> list[PairVariance]:
        """How the rates vary at thresholds.

        Args:
            edges: each threshold as the number of bins below it.
            rates: the accepted share of the impostor pairs at each, above 0.
        """
        people, photos = len(self.starts) - 1, np.diff(self.starts).astype(np.float64)
        genuine, sums = np.zeros((2, len(edges), people))
        squares, rate = np.zeros(len(edges)), np.asarray(rates)[:, None, None]
        for first, last in self._groups():
            cells = self._cells(first, last, edges)
            own = np.arange(last - first)
            genuine[:, first:last] = cells[:, own, own]
            apart = np.triu(np.outer(photos[first:last], photos[first:]), 1)
            excess = np.triu(cells, 1) - rate * apart
            sums[:, first:last] += excess.sum(axis=2)
            sums[:, first:] += excess.sum(axis=1)
            squares += np.sum(excess**2, axis=(1, 2))
        own_pairs = photos * (photos - 1) / 2
        impostors = float(photos.sum() ** 2 - np.sum(photos**2)) / 2
        # As in `dyadic_variance`; the pairs of one cell share two people and would count twice.
        total = few_people(people) * (np.sum(sums**2, axis=1) - squares) / impostors**2
        least = [each * (1 - each) / impostors for each in rates]
        return [
            PairVariance(
                genuine=people_variance(genuine[i], own_pairs),
                impostors=max(float(total[i]), least[i]),
                trials=least_effective(own_pairs),
                people=int(np.sum(own_pairs > 0)),
            )
            for i in range(len(edges))
        ]

    def _groups(self) -> Iterator[tuple[int, int]]:
        """(first, last + 1) of people whose photos make at most ROWS rows, or one person with more."""
        first, people = 0, len(self.starts) - 1
        while first < people:
            fits = int(np.searchsorted(self.starts, self.starts[first] + ROWS, side="right")) - 1
            last = max(first + 1, fits)
            yield first, last
            first = last

    def _chunks(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        begin, end = int(self.starts[first]), int(self.starts[last])
        return ((row, min(row + ROWS, end)) for row in range(begin, end, ROWS))

    def _bins(self, begin: int, end: int) -> Numbers:
        """(end - begin, N - begin) bin of each pair of these rows with every later photo; BINS where it is no pair."""
        rows, later = self.embeddings[begin:end], self.embeddings[begin:]
        distance = rows @ later.T
        distance *= -2
        lengths = np.einsum("ij,ij->i", later, later)
        distance += lengths[: end - begin, None]
        distance += lengths
        np.sqrt(np.maximum(distance, 0, out=distance), out=distance)
        distance /= self.width
        bins = distance.astype(np.intp)
        bins[:, : end - begin][np.tri(end - begin, dtype=bool)] = BINS
        return bins

    def _cells(self, first: int, last: int, edges: Sequence[int]) -> Counts:
        """(edges, last - first, P - first): accepted pairs of each person of the group with each later one."""
        wide = len(self.starts) - 1 - first
        cells = np.zeros((len(edges), (last - first) * wide), np.int64)
        for begin, end in self._chunks(first, last):
            bins = self._bins(begin, end)
            place = np.flatnonzero(bins < max(edges))
            row, column = np.divmod(place, bins.shape[1])
            cell = (self.person[begin + row] - first) * wide + self.person[begin + column] - first
            taken = bins.ravel()[place]
            for i, edge in enumerate(edges):
                cells[i] += np.bincount(cell[taken < edge], minlength=cells.shape[1])
        return cells.reshape(len(edges), last - first, wide)
