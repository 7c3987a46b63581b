"""The covariance of Ledoit and Wolf, without the copies that scikit-learn makes, and without its 130 MB of imports."""

from __future__ import annotations

import numpy as np

from workers.learning.arrays import Array

MOST_DIMENSIONS = 1_000
"""scikit-learn sums the squares of more dimensions in blocks, whose last bits are others."""


def shrunk_covariance(x: Array) -> Array:
    """The covariance within faces x (N, D) float64, centred by the caller: (D, D) float64. Overwrites x.

    To the bit what `sklearn.covariance.ledoit_wolf(x, assume_centered=True)` computes. Source: Ledoit & Wolf, Journal
    of Multivariate Analysis 88 (2004) 365-411.
    """
    count, dimensions = x.shape
    gram = np.dot(x.T, x)
    found: Array = gram / count
    shrinkage = _shrinkage(x, gram) if 1 < dimensions <= MOST_DIMENSIONS else _shrinkage_of_many(x)
    covariance: Array = (1.0 - shrinkage) * found
    covariance.flat[:: dimensions + 1] += shrinkage * (np.trace(found) / dimensions)
    return covariance


def _shrinkage(x: Array, gram: Array) -> float:
    """The weight of the scaled identity, 0 to 1."""
    count, dimensions = x.shape
    squares = np.square(x, out=x)
    variances = np.sum(squares, axis=0) / count
    mean = np.sum(variances) / dimensions
    entries = np.sum(gram**2) / count**2
    beta = 1.0 / (dimensions * count) * (np.sum(np.dot(squares.T, squares)) / count - entries)
    delta = (entries - 2.0 * mean * variances.sum() + dimensions * mean**2) / dimensions
    beta = min(beta, delta)
    return float(beta / delta) if beta else 0.0


def _shrinkage_of_many(x: Array) -> float:
    from sklearn.covariance import ledoit_wolf_shrinkage

    return float(ledoit_wolf_shrinkage(x, assume_centered=True))
