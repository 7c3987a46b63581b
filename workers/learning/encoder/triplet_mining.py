"""Batches for triplet losses, and two losses that choose triplets (anchor, positive, negative) within a batch.

A batch holds several faces of each of several people (Hermans et al. 2017); every face in it is an anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.networks.keras_runtime import load_keras

Loss = Callable[[Any, Any], Any]
"""(class numbers (B, 1), embeddings (B, 128) of length 1) -> one number."""

TOO_FAR = 10.0
"""Above any distance of two unit vectors, which is at most 2."""


def person_batches(y: Array, people: int, faces: int, rng: np.random.Generator) -> Iterator[Array]:
    """Row numbers of the batches of one epoch: `faces` rows of each of `people` people.

    Every person with two or more faces comes once an epoch, in random order. Faces of a person with fewer than `faces`
    are repeated, and the last batch is filled with people drawn again, so that all batches have one shape.

    Args:
        y: (N,) class numbers.
    """
    rows = {person: np.flatnonzero(y == person) for person in np.unique(y)}
    order = rng.permutation([person for person, own in rows.items() if len(own) > 1])
    for start in range(0, len(order), people):
        group = order[start : start + people]
        others = np.setdiff1d(order, group)
        missing = min(people, len(order)) - len(group)
        group = np.concatenate([group, rng.choice(others, missing, replace=False)]).astype(int)
        yield np.concatenate([_draw_rows(rows[person], faces, rng) for person in group])


def loss_of(mining: str, margin: float) -> Loss:
    """The loss with a mining strategy.

    Raises:
        KeyError: `mining` is neither "batch-hard" nor "semi-hard".
    """
    kind = {"batch-hard": batch_hard, "semi-hard": semi_hard}[mining]

    def loss(labels: Any, embeddings: Any) -> Any:
        return kind(labels, embeddings, margin)

    return loss


def batch_hard(labels: Any, embeddings: Any, margin: float) -> Any:
    """Batch-hard triplet loss: hardest positive and hardest negative per anchor (Hermans et al. 2017, eq. 5).

    Args:
        labels: (B, 1) class numbers.
        embeddings: (B, 128) float32 of length 1.
        margin: of Euclidean distances.
    """
    ops = load_keras().ops
    distances = _distances(embeddings)
    same = _same(labels)
    positive = ops.max(ops.where(same, distances, 0.0), axis=1)
    negative = ops.min(ops.where(same, TOO_FAR, distances), axis=1)
    return ops.mean(ops.relu(positive - negative + margin))


def semi_hard(labels: Any, embeddings: Any, margin: float) -> Any:
    """Semi-hard triplet loss (Schroff et al. 2015, FaceNet): per anchor and positive, the semi-hard negative.

    That is the nearest negative that is farther away than the positive, or else the farthest negative. Hardest
    negatives would make all embeddings collapse into one point at the start of the training. Arguments as `batch_hard`.
    """
    ops = load_keras().ops
    distances = _distances(embeddings)
    same = _same(labels)
    beyond = ops.logical_and(ops.logical_not(same)[:, None, :], distances[:, None, :] > distances[:, :, None])
    nearest = ops.min(ops.where(beyond, distances[:, None, :], TOO_FAR), axis=2)
    farthest = ops.max(ops.where(same, 0.0, distances), axis=1, keepdims=True)
    negative = ops.where(ops.any(beyond, axis=2), nearest, farthest)
    pairs = ops.cast(same, "float32") - ops.eye(ops.shape(distances)[0])
    return ops.sum(ops.relu(distances - negative + margin) * pairs) / ops.maximum(ops.sum(pairs), 1.0)


def _distances(embeddings: Any) -> Any:
    """(B, B) Euclidean distances of unit vectors."""
    ops = load_keras().ops
    squared = 2.0 - 2.0 * ops.matmul(embeddings, ops.transpose(embeddings))
    return ops.sqrt(ops.maximum(squared, 1e-12))  # the square root has no gradient at 0


def _same(labels: Any) -> Any:
    """(B, B) bool: whether two faces are of one person."""
    ops = load_keras().ops
    flat = ops.reshape(labels, (-1,))
    return flat[:, None] == flat[None, :]


def _draw_rows(rows: Array, count: int, rng: np.random.Generator) -> Array:
    """`count` rows; no row is repeated before every row was drawn."""
    turns = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(turns)[:count]
