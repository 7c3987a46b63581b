"""The covariance is the one of scikit-learn, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from workers.learning.classical.shrunk_covariance import MOST_DIMENSIONS, shrunk_covariance


@pytest.mark.parametrize(
    ("faces", "dimensions"), [(7, 128), (300, 128), (5_000, 20), (20_000, 128), (2, 3), (30, MOST_DIMENSIONS + 24)]
)
def test_it_has_the_bits_of_scikit_learn(faces: int, dimensions: int) -> None:
    x = np.random.default_rng(faces).normal(0.1, 0.5, size=(faces, dimensions))
    expected, _ = ledoit_wolf(x.copy(), assume_centered=True)
    assert shrunk_covariance(x).tobytes() == expected.tobytes()


def test_faces_without_any_difference_have_no_covariance() -> None:
    assert not shrunk_covariance(np.zeros((5, 4))).any()
