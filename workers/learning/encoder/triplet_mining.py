"""Triplets out of a batch: anchor, same person again, someone else; and the loss on them.

A batch holds a few faces of each of a few people (Hermans et al. 2017), so that every face is an anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.networks.keras_runtime import load_keras

Loss = Callable[[Any, Any], Any]
"""(class numbers (B, 1), unit measurements (B, 128)) -> one number."""

TOO_FAR = 10.0
"""Beyond any distance of two unit vectors, which is 2 at most."""


def person_batches(y: Array, people: int, faces: int, rng: np.random.Generator) -> Iterator[Array]:
    """Row numbers of one epoch's batches: `faces` rows of each of `people` persons.

    Everybody with two faces or more comes once an epoch, in random order; whoever has fewer than `faces` is shown
    again, and the last batch is filled up, so that all batches have one shape.
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
    """The loss by its name.

    Raises:
        KeyError: neither "batch-hard" nor "semi-hard".
    """
    kind = {"batch-hard": batch_hard, "semi-hard": semi_hard}[mining]

    def loss(people: Any, measured: Any) -> Any:
        return kind(people, measured, margin)

    return loss


def batch_hard(people: Any, measured: Any, margin: float) -> Any:
    """Each anchor's farthest friend against its nearest stranger (Hermans et al. 2017, eq. 5)."""
    ops = load_keras().ops
    far = _distances(measured)
    same = _same(people)
    friend = ops.max(ops.where(same, far, 0.0), axis=1)
    stranger = ops.min(ops.where(same, TOO_FAR, far), axis=1)
    return ops.mean(ops.relu(friend - stranger + margin))


def semi_hard(people: Any, measured: Any, margin: float) -> Any:
    """Each pair of friends against the nearest stranger beyond the friend (Schroff et al. 2015, FaceNet).

    Where no stranger is farther than the friend, against the farthest one: the hardest would make all
    measurements collapse into one point at the start.
    """
    ops = load_keras().ops
    far = _distances(measured)
    same = _same(people)
    beyond = ops.logical_and(ops.logical_not(same)[:, None, :], far[:, None, :] > far[:, :, None])
    nearest = ops.min(ops.where(beyond, far[:, None, :], TOO_FAR), axis=2)
    farthest = ops.max(ops.where(same, 0.0, far), axis=1, keepdims=True)
    stranger = ops.where(ops.any(beyond, axis=2), nearest, farthest)
    pairs = ops.cast(same, "float32") - ops.eye(ops.shape(far)[0])
    return ops.sum(ops.relu(far - stranger + margin) * pairs) / ops.maximum(ops.sum(pairs), 1.0)


def _distances(measured: Any) -> Any:
    """(B, B) Euclidean distances of unit vectors."""
    ops = load_keras().ops
    squared = 2.0 - 2.0 * ops.matmul(measured, ops.transpose(measured))
    return ops.sqrt(ops.maximum(squared, 1e-12))  # the root has no slope at 0


def _same(people: Any) -> Any:
    ops = load_keras().ops
    flat = ops.reshape(people, (-1,))
    return flat[:, None] == flat[None, :]


def _draw_rows(rows: Array, count: int, rng: np.random.Generator) -> Array:
    """`count` of the rows, each at most once before any comes again."""
    turns = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(turns)[:count]
