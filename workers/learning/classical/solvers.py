"""Fit the classical families with scikit-learn; `predictors` keeps the arrays.

`fit_*` take a `Fold` and choose hyper-parameters inside it. `solve_*` take x (N, D) float32 and class numbers y (N,)
and solve one problem. scikit-learn gets float64; stored arrays are float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.classical.predictors import (
    Centroids,
    Eigenfaces,
    KernelMachine,
    Linear,
    Neighbours,
    Prior,
    grey_vectors,
    nearest_others,
)
from workers.learning.classical.shrunk_covariance import shrunk_covariance
from workers.learning.fold import CannotFit, Fitted, Fold
from workers.learning.grid_search import choose

LOGISTIC_C = (0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)
SVM_C = (1.0, 10.0, 100.0)
SVM_GAMMA = (0.1, 0.3, 1.0, 3.0)
"""In units of 1 / total variance."""

EIGENFACES = (80, 160, 240)
"""Numbers of components."""


def fit_majority(fold: Fold) -> Fitted:
    """Majority class: the class shares of the training faces."""
    return Fitted(Prior((np.bincount(fold.y) / len(fold.y)).astype(np.float32)))


def fit_neighbours(fold: Fold) -> Fitted:
    """k nearest neighbours (Cover & Hart 1967); k shrinks to the number of training faces."""
    order = np.argsort(fold.y, kind="stable")
    points, classes = fold.x[order], fold.y[order]
    k = min(int(fold.parameters["k"]), len(classes))
    width = max(float(np.sqrt(np.median(nearest_others(points)))), 1e-3) if len(classes) > 1 else 1.0
    starts = np.searchsorted(classes, np.arange(fold.classes))
    return Fitted(Neighbours(points, classes, starts, np.asarray(k), np.asarray(np.float32(width))), {"k": k})


def fit_centroid(fold: Fold) -> Fitted:
    """Nearest class mean, by Euclidean distance or by cosine."""
    cosine = fold.parameters["metric"] == "cosine"

    def centroids(points: Array, classes: Array, temperature: float = 1.0) -> Centroids:
        if cosine:
            points = _unit(points)
        means = np.stack([points[classes == c].mean(axis=0) for c in range(classes.max() + 1)])
        means = _unit(means) if cosine else means
        return Centroids(means.astype(np.float32), np.asarray(cosine), np.asarray(np.float32(temperature)))

    _, temperature, record = choose([{}], lambda a, b: lambda _: centroids(a, b), fold)
    return Fitted(centroids(fold.x, fold.y, temperature), record)


def fit_logistic(fold: Fold) -> Fitted:
    """Multinomial logistic regression with an L2 penalty."""
    from sklearn.linear_model import LogisticRegression

    def solve(row: dict[str, Any], points: Array, classes: Array, temperature: float = 1.0) -> Linear:
        model = LogisticRegression(C=row["C"], max_iter=1000).fit(points.astype(np.float64), classes)
        return _linear(model.coef_, model.intercept_, temperature)

    grid = _grid(fold.parameters, {"C": float(fold.parameters["C"])}, [{"C": c} for c in LOGISTIC_C])
    row, temperature, record = choose(grid, lambda a, b: lambda row: solve(row, a, b), fold)
    return Fitted(solve(row, fold.x, fold.y, temperature), record)


def fit_lda(fold: Fold) -> Fitted:
    """Linear discriminant analysis with one Ledoit-Wolf covariance, which works with fewer faces than dimensions."""

    def solve(points: Array, classes: Array, temperature: float = 1.0) -> Linear:
        if len(classes) <= classes.max() + 1:
            raise CannotFit("linear discriminant analysis needs more training faces than people")
        return _linear(*_discriminants(points, classes), temperature, two=False)

    _, temperature, record = choose([{}], lambda a, b: lambda _: solve(a, b), fold)
    return Fitted(solve(fold.x, fold.y, temperature), record)


def _discriminants(points: Array, classes: Array) -> tuple[Array, Array]:
    """Coefficients (people, dimensions) and intercepts (people,) from one covariance within people.

    scikit-learn's `shrinkage="auto"` shrinks each person's covariance apart. With two photos a person it names 22.8 %
    of the test faces of `orl` rightly, where the shrunk covariance of all people together names 99.5 %.
    """
    faces = np.bincount(classes)
    apart = points.astype(np.float64)
    means = np.empty((len(faces), apart.shape[1]))
    for person in range(len(faces)):
        mine = classes == person
        means[person] = apart[mine].mean(axis=0)
        apart[mine] -= means[person]
    coefficients = np.linalg.solve(shrunk_covariance(apart), means.T).T
    return coefficients, np.log(faces / faces.sum()) - 0.5 * np.sum(means * coefficients, axis=1)


def fit_svm(fold: Fold) -> Fitted:
    """One-against-all support vector machines (libsvm); gamma is in units of 1 / total variance."""
    linear = fold.parameters["kernel"] == "linear"
    solve: Callable[..., Linear | KernelMachine] = solve_linear_svm if linear else solve_rbf_svm
    row, temperature, record = choose(
        _svm_grid(fold.parameters, linear),
        lambda a, b: lambda row: solve(a, b, row["C"], row["gamma"]),
        fold,
        costly=True,
    )
    return Fitted(solve(fold.x, fold.y, row["C"], row["gamma"], temperature), record)


def fit_eigenfaces(fold: Fold) -> Fitted:
    """Eigenfaces: principal components of grey 32 x 32 pictures, then RBF support vector machines.

    Each inner split computes the components of its own training faces, once for all rows of the grid.
    """
    grey = replace(fold, x=grey_vectors(fold.x))
    first = {"C": float(fold.parameters["C"]), "gamma": 1.0, "components": int(fold.parameters["components"])}
    others = [{**first, "components": n, "gamma": gamma} for n in EIGENFACES for gamma in SVM_GAMMA[:3]]
    grid = _grid(fold.parameters, first, others)
    most = max(row["components"] for row in grid)

    def prepare(pictures: Array, classes: Array) -> Callable[..., Eigenfaces]:
        mean, basis = whitened_components(pictures, most)

        def solve(row: dict[str, Any], temperature: float = 1.0) -> Eigenfaces:
            mine = np.ascontiguousarray(basis[:, : row["components"]])
            machine = solve_rbf_svm((pictures - mean) @ mine, classes, row["C"], row["gamma"], temperature)
            return Eigenfaces(mean, mine, machine)

        return solve

    row, temperature, record = choose(grid, prepare, grey, costly=True)
    fitted = prepare(grey.x, grey.y)(row, temperature)
    return Fitted(fitted, {**record, "components": fitted.basis.shape[1]})


def whitened_components(grey: Array, most: int) -> tuple[Array, Array]:
    """Mean (1024,) and at most `most` whitened components (1024, n) of `grey_vectors` (N, 1024); n is below N.

    The first columns are the same however many there are.
    """
    exact = grey.astype(np.float64)
    centre = exact.mean(axis=0)
    exact -= centre  # in place: there are gigabytes of it
    _, spread, axes = np.linalg.svd(exact, full_matrices=False)
    size = max(1, min(most, len(grey) - 1, int((spread > 1e-6 * spread[0]).sum())))
    basis = (axes[:size].T * (np.sqrt(len(grey)) / spread[:size])).astype(np.float32)
    return centre.astype(np.float32), basis


def solve_linear_svm(x: Array, y: Array, c: float, gamma: float, temperature: float = 1.0) -> Linear:
    """One hyperplane a person. `gamma` is ignored; it is there for the signature of `solve_rbf_svm`."""
    del gamma
    machines = [_one_against_all(x, y == k, C=c, kernel="linear") for k in range(y.max() + 1)]
    coefficients = np.concatenate([each.coef_ for each in machines])
    return _linear(coefficients, np.concatenate([each.intercept_ for each in machines]), temperature, two=False)


def solve_rbf_svm(x: Array, y: Array, c: float, gamma: float, temperature: float = 1.0) -> KernelMachine:
    """One RBF machine a person, with sparse coefficients; the RBF width is gamma / total variance of x."""
    scale = gamma / max(float(x.var(axis=0).sum()), 1e-12)
    machines = [_one_against_all(x, y == k, C=c, kernel="rbf", gamma=scale) for k in range(y.max() + 1)]
    starts = np.cumsum([0] + [each.support_.size for each in machines[:-1]])
    return KernelMachine(
        points=x.astype(np.float32),
        index=np.concatenate([each.support_ for each in machines]),
        weights=np.concatenate([each.dual_coef_.ravel() for each in machines]).astype(np.float32),
        starts=starts,
        bias=np.concatenate([each.intercept_ for each in machines]).astype(np.float32),
        gamma=np.asarray(np.float32(scale)),
        temperature=np.asarray(np.float32(temperature)),
    )


def _one_against_all(x: Array, mine: Array, **settings: Any) -> Any:
    from sklearn.svm import SVC

    return SVC(**settings).fit(x.astype(np.float64), mine)


def _linear(coefficients: Array, intercept: Array, temperature: float, two: bool = True) -> Linear:
    """Arrays of a linear model; scikit-learn's single row for two classes becomes two."""
    if two and len(coefficients) == 1:
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercept = np.concatenate([np.zeros_like(intercept), intercept])
    weights = np.ascontiguousarray(coefficients.T, np.float32)
    return Linear(weights, intercept.astype(np.float32), np.asarray(np.float32(temperature)))


def _svm_grid(parameters: Mapping[str, Any], linear: bool) -> list[dict[str, Any]]:
    first = {"C": float(parameters["C"]), "gamma": 1.0}
    widths = (1.0,) if linear else SVM_GAMMA
    return _grid(parameters, first, [{"C": c, "gamma": gamma} for c in SVM_C for gamma in widths])


def _grid(parameters: Mapping[str, Any], first: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [first, *(row for row in others if row != first)] if parameters.get("tune") else [first]


def _unit(x: Array) -> Array:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))
