"""Rows of a batch keep view and embedding together."""

from __future__ import annotations

import numpy as np

from workers.learning.face_batch import FaceBatch


def test_rows_are_taken_from_view_and_embedding_alike() -> None:
    batch = FaceBatch(np.arange(6).reshape(3, 2), np.arange(3, dtype=np.float32)[:, None])
    for rows in (slice(1, 3), np.array([1, 2]), np.array([False, True, True])):
        assert len(batch[rows]) == 2
        assert np.asarray(batch[rows].view).tolist() == [[2, 3], [4, 5]]
        assert batch[rows].embedding.tolist() == [[1], [2]]


def test_measurements_are_view_and_embedding_at_once() -> None:
    x = np.zeros((2, 128), np.float32)
    batch = FaceBatch.of_embeddings(x)
    assert batch.view is batch.embedding is x
