"""Batches and triplet losses, compared with losses computed in plain loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from workers.learning.encoder.triplet_mining import loss_of, person_batches

MARGIN = 0.2

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Labels, embeddings of length 1 and their distances."""
    labels = np.repeat([3, 5, 9], 4)
    embeddings = np.random.default_rng(0).normal(0, 1, (12, 8)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return labels, embeddings, np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)


def test_batch_hard_takes_the_hardest_positive_and_the_hardest_negative(batch: Batch) -> None:
    labels, embeddings, distances = batch
    losses = [
        max(0, max(distances[a][labels == labels[a]]) - min(distances[a][labels != labels[a]]) + MARGIN)
        for a in range(len(labels))
    ]
    assert float(loss_of("batch-hard", MARGIN)(labels[:, None], embeddings)) == pytest.approx(np.mean(losses), abs=1e-5)


def test_semi_hard_takes_the_nearest_negative_beyond_the_positive(batch: Batch) -> None:
    labels, embeddings, distances = batch
    losses = []
    for a, p in itertools.permutations(range(len(labels)), 2):
        if labels[a] != labels[p]:
            continue
        negatives = distances[a][labels != labels[a]]
        beyond = negatives[negatives > distances[a, p]]
        losses.append(max(0, distances[a, p] - (beyond.min() if len(beyond) else negatives.max()) + MARGIN))
    assert float(loss_of("semi-hard", MARGIN)(labels[:, None], embeddings)) == pytest.approx(np.mean(losses), abs=1e-5)


@pytest.mark.parametrize("mining", ["batch-hard", "semi-hard"])
def test_well_separated_people_have_a_loss_of_zero(mining: str) -> None:
    embeddings = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    assert float(loss_of(mining, MARGIN)(np.repeat([0, 1, 2], 4)[:, None], embeddings)) == pytest.approx(0, abs=1e-5)


def test_an_unknown_mining_is_refused() -> None:
    with pytest.raises(KeyError):
        loss_of("random", MARGIN)


def test_an_epoch_has_every_person_with_two_faces_in_batches_of_one_shape() -> None:
    y = np.repeat([0, 1, 2, 3, 4, 5], [5, 3, 2, 4, 1, 6])  # number 4 has one face
    batches = list(person_batches(y, people=2, faces=3, rng=np.random.default_rng(0)))
    assert {len(rows) for rows in batches} == {6}
    assert set(y[np.concatenate(batches)]) == {0, 1, 2, 3, 5}
    for rows in batches:
        assert len(set(y[rows])) == 2
        assert all((y[rows] == person).sum() == 3 for person in set(y[rows]))
        assert all(len(set(rows[y[rows] == person])) >= min(3, (y == person).sum()) for person in set(y[rows]))


def test_fewer_people_than_a_batch_holds_make_one_batch() -> None:
    batches = list(person_batches(np.repeat([0, 1, 2], 2), people=12, faces=2, rng=np.random.default_rng(0)))
    assert [len(rows) for rows in batches] == [6]
