"""Wide grids of scikit-learn's models for each classical family: models that name the test faces of a split."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Split:
    """Embeddings and grey pictures of one split; y are class numbers."""

    x: Array
    grey: Array
    y: Array
    test_x: Array
    test_grey: Array
    test_y: Array


def wide_grid(family: str) -> Iterator[tuple[Row, Callable[[Split], Array]]]:
    """Rows of a wide grid, and for each the function that fits scikit-learn's model and names the test faces."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

    def named(model: Any, unit: bool = False) -> Callable[[Split], Array]:
        def answers(split: Split) -> Array:
            x, test = (unit_rows(split.x), unit_rows(split.test_x)) if unit else (split.x, split.test_x)
            return np.asarray(model.fit(x, split.y).predict(test))

        return answers

    if family == "logistic":
        for c in (0.01, 0.1, 1, 3, 10, 30, 100, 300, 1e3, 1e4, 1e5):
            yield {"C": c}, named(LogisticRegression(C=c, max_iter=5000))
    elif family == "svm-linear":
        for c in (0.01, 0.1, 1, 10, 100, 1000):
            yield {"C": c}, one_against_all(c, None)
    elif family == "svm-rbf":
        for c, gamma in itertools.product((0.1, 1, 10, 100, 1000), (0.03, 0.1, 0.3, 1, 3)):
            yield {"C": c, "gamma": gamma}, one_against_all(c, gamma)
    elif family == "eigenfaces":
        for size, c, gamma in itertools.product((40, 80, 120, 160, 240, 320), (1, 10), (0.03, 0.1, 0.3, 1)):
            yield {"components": size, "C": c, "gamma": gamma}, eigenfaces(size, c, gamma)
    elif family == "lda":
        for shrinkage in ("auto", 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 0.6, 0.9):
            yield {"shrinkage": shrinkage}, named(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage))
    elif family == "centroid":
        for unit, shrink in itertools.product((False, True), (None, 0.1, 0.3, 1.0, 3.0)):
            yield {"cosine": unit, "shrink": shrink}, named(NearestCentroid(shrink_threshold=shrink), unit)
    else:
        for unit, k in itertools.product((False, True), (1, 2, 3, 4, 5, 7, 9, 11, 15)):
            yield {"cosine": unit, "k": k}, named(KNeighborsClassifier(k), unit)


def unit_rows(x: Array) -> Array:
    """Rows of Euclidean length 1."""
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


def one_against_all(c: float, gamma: float | None) -> Callable[[Split], Array]:
    """Support vector machines, linear without a gamma; gamma is in units of 1 / total variance."""
    return lambda split: machines(split.x, split.y, split.test_x, c, gamma)


def machines(x: Array, y: Array, test: Array, c: float, gamma: float | None) -> Array:
    """The machine with the largest decision value names a test face."""
    from sklearn.svm import SVC

    kernel = {"kernel": "linear"} if gamma is None else {"kernel": "rbf", "gamma": gamma / x.var(axis=0).sum()}
    values = [SVC(C=c, **kernel).fit(x, y == person).decision_function(test) for person in range(y.max() + 1)]
    best: Array = np.argmax(values, axis=0)
    return best


def eigenfaces(size: int, c: float, gamma: float) -> Callable[[Split], Array]:
    """Whitened principal components, then RBF machines."""

    def answers(split: Split) -> Array:
        train, test = components(split)
        return machines(train[:, :size], split.y, test[:, :size], c, gamma)

    return answers


@functools.lru_cache(maxsize=1)
def components(split: Split) -> tuple[Array, Array]:
    """The 320 first whitened components of the training and the test faces."""
    from sklearn.decomposition import PCA

    pca = PCA(320, whiten=True, svd_solver="covariance_eigh").fit(split.grey)
    return pca.transform(split.grey), pca.transform(split.test_grey)
