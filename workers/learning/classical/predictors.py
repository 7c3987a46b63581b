"""Fitted classical models as arrays, and how each scores a face.

scikit-learn fits, these classes predict: a few numpy calls, under a millisecond a face with hundreds of people.
`probabilities` takes the view, (N, 128) float32 unless a class says otherwise, and returns (N, classes) float32.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from workers.learning.arrays import Array, Floats, softmax
from workers.learning.fold import Predictor
from workers.learning.pictures import Pictures, picture_blocks
from workers.learning.row_blocks import in_blocks, in_parts, row_blocks, row_parts

ARRAYS = "arrays.npz"


class _Arrays:
    """Storage of a dataclass whose fields are arrays."""

    def arrays(self) -> dict[str, Array]:
        return {each.name: np.asarray(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]

    @property
    def nbytes(self) -> int:
        return sum(each.nbytes for each in self.arrays().values())

    def save(self, folder: Path) -> None:
        np.savez(folder / ARRAYS, **self.arrays())  # type: ignore[arg-type]


@dataclass(frozen=True)
class Prior(_Arrays):
    """Class shares of the training faces: the majority baseline."""

    shares: Array

    def probabilities(self, x: Array) -> Floats:
        return np.tile(self.shares.astype(np.float32), (len(x), 1))


@dataclass(frozen=True)
class Linear(_Arrays):
    """softmax((x W + b) / temperature)."""

    weights: Array
    bias: Array
    temperature: Array

    @property
    def cells_per_row(self) -> int:
        return int(self.weights.shape[1])

    def decision(self, x: Array) -> Array:
        return in_blocks(x, self.cells_per_row, self._decision)

    def _decision(self, x: Array) -> Array:
        values: Array = x @ self.weights
        values += self.bias
        return values

    def probabilities(self, x: Array) -> Floats:
        return softmax(self.decision(x) / self.temperature)


@dataclass(frozen=True)
class Centroids(_Arrays):
    """Nearest class mean, by Euclidean distance or by cosine."""

    centres: Array
    cosine: Array
    temperature: Array

    @property
    def cells_per_row(self) -> int:
        return len(self.centres)

    def decision(self, x: Array) -> Array:
        return in_blocks(x, self.cells_per_row, self._decision)

    def _decision(self, x: Array) -> Array:
        if self.cosine:
            x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        distances = squared_distances(x, self.centres)
        return np.negative(distances, out=distances)

    def probabilities(self, x: Array) -> Floats:
        return softmax(self.decision(x) / self.temperature)


@dataclass(frozen=True)
class Neighbours(_Arrays):
    """The k nearest training faces vote, and one more vote is divided among all people by distance.

    A person's part of the divided vote is proportional to exp(-d² / 2w²), where d is the distance of the person's
    nearest face and `width` w the median distance of a training face to its nearest neighbour. The divided vote never
    overturns a majority: it breaks ties and keeps probabilities above zero. Training faces are sorted by class;
    `starts` holds the first row of each class.
    """

    points: Array
    classes: Array
    starts: Array
    k: Array
    width: Array

    def probabilities(self, x: Array) -> Floats:
        return in_blocks(x, len(self.points), self._votes)

    def _votes(self, x: Array) -> Floats:
        distances = squared_distances(x, self.points)
        k = int(self.k)
        nearest = in_parts(distances, lambda some: np.argpartition(some, k - 1, axis=1)[:, :k].copy())
        votes = softmax(-np.minimum.reduceat(distances, self.starts, axis=1) / (2 * self.width**2))
        rows = np.repeat(np.arange(len(x)), k)
        np.add.at(votes, (rows, self.classes[nearest].ravel()), np.float32(1))
        return votes / np.float32(k + 1)


@dataclass(frozen=True)
class KernelMachine(_Arrays):
    """One-against-all RBF support vector machines over shared training faces (Rifkin & Klautau 2004).

    Each class has few support vectors, so its coefficients are kept sparse: those of class c are
    weights[starts[c]:starts[c + 1]], and `index` holds their rows in `points`.
    """

    points: Array
    index: Array
    weights: Array
    starts: Array
    bias: Array
    gamma: Array
    temperature: Array

    @property
    def cells_per_row(self) -> int:
        return len(self.points) + len(self.index)

    def decision(self, x: Array) -> Array:
        return in_blocks(x, self.cells_per_row, self._decision)

    def _decision(self, x: Array) -> Array:
        kernel = np.exp(-self.gamma * squared_distances(x, self.points))
        summed: Array = np.add.reduceat(kernel[:, self.index] * self.weights, self.starts, axis=1) + self.bias
        return summed

    def probabilities(self, x: Array) -> Floats:
        return softmax(self.decision(x) / self.temperature)


def squared_distances(x: Array, points: Array) -> Array:
    """(N, M) squared Euclidean distances of x (N, D) and points (M, D), at least 0.

    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[25.0, 0.0]]
    """
    distances: Array = x @ points.T
    own, theirs = np.einsum("ij,ij->i", x, x)[:, None], np.einsum("ij,ij->i", points, points)
    for rows in row_parts(*distances.shape):
        cross = distances[rows]
        cross *= 2
        np.maximum(own[rows] + theirs - cross, 0, out=cross)
    return distances


def nearest_others(points: Array) -> Array:
    """(N,) squared distance of each point (N, D) to the nearest other one."""
    found = np.empty(len(points), points.dtype)
    for rows in row_blocks(len(points), len(points)):
        distances = squared_distances(points[rows], points)
        distances[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = np.inf
        found[rows] = distances.min(axis=1)
    return found


@dataclass(frozen=True)
class Eigenfaces(_Arrays):
    """Eigenfaces (Turk & Pentland 1991): whitened principal components, then a `KernelMachine`.

    `probabilities` takes aligned pictures (N, 128, 128, 3) uint8 RGB; `decision` takes `grey_vectors` of them.
    """

    mean: Array
    basis: Array
    machine: KernelMachine

    def arrays(self) -> dict[str, Array]:
        inner = {f"machine_{name}": value for name, value in self.machine.arrays().items()}
        return {"mean": self.mean, "basis": self.basis, **inner}

    @property
    def cells_per_row(self) -> int:
        return self.machine.cells_per_row

    def decision(self, grey: Array) -> Array:
        return self.machine.decision((grey - self.mean) @ self.basis)

    def probabilities(self, x: Array) -> Floats:
        return self.machine.probabilities((grey_vectors(x) - self.mean) @ self.basis)


def grey_vectors(pictures: Array | Pictures) -> Floats:
    """(N, 128, 128, 3) uint8 RGB to (N, 1024) float32: grey, 32 x 32, each row of mean 0 and standard deviation 1.

    A row of less than one grey level of contrast is not amplified.
    """
    import cv2

    small = [
        cv2.resize(cv2.cvtColor(each, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
        for block in picture_blocks(pictures)
        for each in block
    ]
    flat = np.asarray(small, np.float32).reshape(len(pictures), -1)
    flat -= flat.mean(axis=1, keepdims=True)
    result: Floats = flat / np.maximum(flat.std(axis=1, keepdims=True), np.float32(1))
    return result


PREDICTORS: dict[str, type[Any]] = {
    each.__name__: each for each in (Prior, Linear, Centroids, Neighbours, KernelMachine)
}


def load_arrays(kind: str, folder: Path) -> Predictor:
    """Read the predictor of class `kind` from the arrays that its `save` wrote.

    Raises:
        KeyError: there is no such class.
    """
    with np.load(folder / ARRAYS, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if kind == "Eigenfaces":
        inner = {name[8:]: value for name, value in arrays.items() if name.startswith("machine_")}
        return Eigenfaces(arrays["mean"], arrays["basis"], KernelMachine(**inner))
    predictor: Predictor = PREDICTORS[kind](**arrays)
    return predictor
