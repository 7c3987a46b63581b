"""Triplets and their losses, against plain loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from workers.learning.encoder.triplet_mining import loss_of, person_batches

MARGIN = 0.2

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def batch() -> Batch:
    """People, unit measurements and their distances."""
    people = np.repeat([3, 5, 9], 4)
    measured = np.random.default_rng(0).normal(0, 1, (12, 8)).astype(np.float32)
    measured /= np.linalg.norm(measured, axis=1, keepdims=True)
    return people, measured, np.linalg.norm(measured[:, None] - measured[None], axis=2)


def test_batch_hard_takes_the_farthest_friend_and_the_nearest_stranger(batch: Batch) -> None:
    people, measured, far = batch
    losses = [
        max(0, max(far[a][people == people[a]]) - min(far[a][people != people[a]]) + MARGIN) for a in range(len(people))
    ]
    assert float(loss_of("batch-hard", MARGIN)(people[:, None], measured)) == pytest.approx(np.mean(losses), abs=1e-5)


def test_semi_hard_takes_the_nearest_stranger_beyond_the_friend(batch: Batch) -> None:
    people, measured, far = batch
    losses = []
    for a, p in itertools.permutations(range(len(people)), 2):
        if people[a] != people[p]:
            continue
        strangers = far[a][people != people[a]]
        beyond = strangers[strangers > far[a, p]]
        losses.append(max(0, far[a, p] - (beyond.min() if len(beyond) else strangers.max()) + MARGIN))
    assert float(loss_of("semi-hard", MARGIN)(people[:, None], measured)) == pytest.approx(np.mean(losses), abs=1e-5)


@pytest.mark.parametrize("mining", ["batch-hard", "semi-hard"])
def test_people_far_apart_cost_nothing(mining: str) -> None:
    measured = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    assert float(loss_of(mining, MARGIN)(np.repeat([0, 1, 2], 4)[:, None], measured)) == pytest.approx(0, abs=1e-5)


def test_an_unknown_mining_is_refused() -> None:
    with pytest.raises(KeyError):
        loss_of("random", MARGIN)


def test_an_epoch_shows_everybody_who_has_two_faces_in_batches_of_one_shape() -> None:
    y = np.repeat([0, 1, 2, 3, 4, 5], [5, 3, 2, 4, 1, 6])  # number 4 has one face
    batches = list(person_batches(y, people=2, faces=3, rng=np.random.default_rng(0)))
    assert {len(rows) for rows in batches} == {6}
    assert set(y[np.concatenate(batches)]) == {0, 1, 2, 3, 5}
    for rows in batches:
        assert len(set(y[rows])) == 2
        assert all((y[rows] == person).sum() == 3 for person in set(y[rows]))
        assert all(len(set(rows[y[rows] == person])) >= min(3, (y == person).sum()) for person in set(y[rows]))


def test_fewer_people_than_a_batch_wants_make_one_batch() -> None:
    batches = list(person_batches(np.repeat([0, 1, 2], 2), people=12, faces=2, rng=np.random.default_rng(0)))
    assert [len(rows) for rows in batches] == [6]
