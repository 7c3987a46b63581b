"""The known score: how near a face is to the training faces of one person, by their embeddings.

It has one meaning for every configuration of a run, whatever view it names faces by. `docs/learning.md` says what was
measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workers.learning.arrays import Array, Floats

NEAREST = 2
"""Training faces of the person that are averaged; the only one where there is one."""

FILE = "gallery.npz"


@dataclass(frozen=True)
class Gallery:
    """The embeddings of the training faces, sorted by person.

    Attributes:
        points: (N, D) float32.
        starts: (people + 1,) int64; those of person c are points[starts[c]:starts[c + 1]], at least one.
    """

    points: Array
    starts: Array

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return int(self.points.nbytes + self.starts.nbytes)

    def distance(self, embedding: Array, people: Sequence[int] | Array, nearest: int = NEAREST) -> Floats:
        """Mean Euclidean distance of each face to its nearest training faces of the person given for it.

        Every face is computed alone, so its bits do not depend on the other faces.

        Args:
            embedding: (M, D) float32.
            people: (M,) number of a person for each face.
            nearest: so many training faces, or all of the person if there are fewer.

        Returns:
            (M,) float32.

        >>> gallery = gallery_of(np.array([[0.0, 0.0], [0.0, 2.0], [9.0, 0.0]], np.float32), np.array([0, 0, 1]))
        >>> gallery.distance(np.array([[0.0, 0.0], [0.0, 0.0]], np.float32), [0, 1]).tolist()
        [1.0, 9.0]
        """
        found = np.empty(len(embedding), np.float32)
        for row, (face, person) in enumerate(zip(embedding, people, strict=True)):
            own = self.points[self.starts[person] : self.starts[person + 1]] - face
            found[row] = mean_of_nearest(np.sqrt(np.einsum("ij,ij->i", own, own)), nearest)
        return found

    def known_score(self, embedding: Array, people: Sequence[int] | Array) -> Floats:
        """(M,) float32, minus `distance`: higher means nearer to that person."""
        return -self.distance(embedding, people)

    def distances_to_all(self, face: Array) -> Floats:
        """The same of one face (D,) to every person: (people,) float32."""
        distances = np.linalg.norm(self.points - face, axis=1)
        person = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        ordered = distances[np.lexsort((distances, person))]
        places = np.minimum(self.starts[:-1, None] + np.arange(NEAREST), self.starts[1:, None] - 1)
        means: Floats = ordered[places].mean(axis=1)
        return means

    def save(self, folder: Path) -> None:
        """Write `gallery.npz` into an existing folder."""
        np.savez(folder / FILE, points=self.points, starts=self.starts)


def mean_of_nearest(distances: Array, nearest: int = NEAREST) -> float:
    """Mean of the smallest distances (N,), N at least 1."""
    return float(np.sort(distances)[:nearest].mean())


def gallery_of(embedding: Array, y: Array) -> Gallery:
    """The gallery of training faces: (N, D) embeddings and (N,) person numbers from 0, all present."""
    order = np.argsort(y, kind="stable")
    points = np.ascontiguousarray(embedding[order], np.float32)
    return Gallery(points, np.searchsorted(y[order], np.arange(int(y.max()) + 2)).astype(np.int64))


def load_gallery(folder: Path) -> Gallery:
    """Read what `Gallery.save` wrote.

    Raises:
        OSError, ValueError, KeyError: it is missing, or no such file.
    """
    with np.load(folder / FILE, allow_pickle=False) as stored:
        return Gallery(stored["points"], stored["starts"])
