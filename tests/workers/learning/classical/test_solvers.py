"""The classical classifiers at the sizes where their solvers are delicate."""

from __future__ import annotations

import numpy as np
import pytest

from workers.learning.classical.solvers import fit_lda
from workers.learning.fold import Fold

DIMENSIONS = 128


def people(count: int, photos: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(count * photos, 128) embeddings, spread like dlib's: people 0.6 apart, a person's photos 0.35."""
    means = rng.normal(size=(count, DIMENSIONS)) * 0.6 / np.sqrt(2 * DIMENSIONS)
    y = np.repeat(np.arange(count), photos)
    x = means[y] + rng.normal(size=(len(y), DIMENSIONS)) * 0.35 / np.sqrt(2 * DIMENSIONS)
    return x.astype(np.float32), y


@pytest.mark.parametrize("photos", [2, 3, 8])
def test_discriminants_name_people_of_few_photos(photos: int) -> None:
    rng = np.random.default_rng(1)
    x, y = people(40, photos + 4, rng)
    trains = np.arange(len(y)) % (photos + 4) < photos
    fitted = fit_lda(Fold(x[trains], y[trains], np.arange(trains.sum()), {}, 0))
    assert np.mean(fitted.predictor.probabilities(x[~trains]).argmax(axis=1) == y[~trains]) > 0.95
