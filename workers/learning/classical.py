"""Fit the classical families: scikit-learn solves, `predictors` keeps the arrays.

Every function takes x, class numbers y (0 .. classes - 1, all present), groups, the configuration's
parameters and a seed, and returns the predictor and what was chosen.
"""

# ruff: noqa: ARG001 - one signature for every family
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.learning.inner import choose
from workers.learning.predictors import (
    Centroids,
    Eigenfaces,
    KernelMachine,
    Linear,
    Neighbours,
    Predictor,
    Prior,
    grey_vectors,
    squared_distances,
)

Array = npt.NDArray[Any]
Fitted = tuple[Predictor, dict[str, Any]]
ONE = np.float32(1)


class CannotFit(Exception):
    """These training faces do not allow this model; the reason is the message. Becomes a failed row."""


def fit_majority(x: Array, y: Array, groups: Array, parameters: Mapping[str, Any], seed: int) -> Fitted:
    """Class shares."""
    return Prior((np.bincount(y) / len(y)).astype(np.float32)), {}


def fit_neighbours(x: Array, y: Array, groups: Array, parameters: Mapping[str, Any], seed: int) -> Fitted:
    """k nearest neighbours (Cover & Hart 1967); k shrinks to the number of training faces."""
    order = np.argsort(y, kind="stable")
    points, classes = x[order], y[order]
    k = min(int(parameters["k"]), len(y))
    distances = squared_distances(points, points)
    np.fill_diagonal(distances, np.inf)
    width = max(float(np.sqrt(np.median(distances.min(axis=1)))), 1e-3) if len(y) > 1 else 1.0
    starts = np.searchsorted(classes, np.arange(classes.max() + 1))
    return Neighbours(points, classes, starts, np.asarray(k), np.asarray(np.float32(width))), {"k": k}


def fit_centroid(x: Array, y: Array, groups: Array, parameters: Mapping[str, Any], seed: int) -> Fitted:
    """Nearest class mean, by Euclidean distance or by cosine."""
    cosine = parameters["metric"] == "cosine"

    def centroids(points: Array, classes: Array, temperature: float = 1.0) -> Centroids:
        if cosine:
            points = _unit(points)
        means = np.stack([points[classes == c].mean(axis=0) for c in range(classes.max() + 1)])
        means = _unit(means) if cosine else means
        return Centroids(means.astype(np.float32), np.asarray(cosine), np.asarray(np.float32(temperature)))

    _, temperature, record = choose([{}], lambda _: lambda a, b, c: centroids(a, b).decision(c), x, y, groups, seed)
    return centroids(x, y, temperature), record


def fit_logistic(x: Array, y: Array, groups: Array, parameters: Mapping[str, Any], seed: int) -> Fitted:
    """Multinomial logistic regression with an L2 penalty."""
    from sklearn.linear_model import LogisticRegression

    def solve(row: dict[str, Any], points: Array, classes: Array, temperature: float = 1.0) -> Linear:
        model = LogisticRegression(C=row["C"], max_iter=1000).fit(points.astype(np.float64), classes)
        return _linear(model.coef_, model.intercept_, temperature)

    grid = _grid(parameters, {"C": float(parameters["C"])}, [{"C": 1.0}, {"C": 100.0}])
    row, temperature, record = choose(
        grid, lambda row: lambda a, b, c: solve(row, a, b).decision(c), x, y, groups, seed
    )
    return solve(row, x, y, temperature), record


def fit_lda(x: Array, y: Array, groups: Array, parameters: Mapping[str, Any], seed: int) -> Fitted:
    """Linear discriminants with a Ledoit-Wolf covariance (needs no more faces than measurements)."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    if len(y) <= y.max() + 1:
        raise CannotFit("discriminants need more training faces than people")

    def solve(points: Array, classes: Array, temperature: float = 1.0) -> Linear:
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(points.astype(np.float64), classes)
        return _linear(model.coef_, model.intercept_, temperature)

    _, temperature, record = choose([{}], lambda _: lambda a, b, c: solve(a, b).decision(c), x, y, groups, seed)
    return solve(x, y, temperature), record


def fit_svm(x: Array, y: Array, groups: Array, parameters: Mapping[str, Any], seed: int) -> Fitted:
    """One-against-all support vector machines (libsvm); gamma is in units of 1 / total variance."""
    linear = parameters["kernel"] == "linear"
    first = {"C": float(parameters["C"]), "gamma": 1.0}
    others = [{"C": 1.0, "gamma": 1.0}] + ([] if linear else [{"C": 10.0, "gamma": 0.3}, {"C": 10.0, "gamma": 3.0}])
    solve: Callable[..., Any] = solve_linear_svm if linear else solve_rbf_svm
    row, temperature, record = choose(
        _grid(parameters, first, others),
        lambda row: lambda a, b, c: solve(a, b, row["C"], row["gamma"]).decision(c),
        x, y, groups, seed,
    )  # fmt: skip
    return solve(x, y, row["C"], row["gamma"], temperature), record


def fit_eigenfaces(x: Array, y: Array, groups: Array, parameters: Mapping[str, Any], seed: int) -> Fitted:
    """Whitened principal components of grey 32 x 32 pictures, then `fit_svm`."""
    grey = grey_vectors(x).astype(np.float64)
    mean = grey.mean(axis=0)
    _, spread, axes = np.linalg.svd(grey - mean, full_matrices=False)
    size = max(1, min(int(parameters["components"]), len(y) - 1, int((spread > 1e-6 * spread[0]).sum())))
    basis = (axes[:size].T * (np.sqrt(len(y)) / spread[:size])).astype(np.float32)
    mean = mean.astype(np.float32)
    points = (grey.astype(np.float32) - mean) @ basis
    machine, record = fit_svm(points, y, groups, parameters, seed)
    assert isinstance(machine, KernelMachine)  # noqa: S101  (for the type checker: the kernel is rbf)
    return Eigenfaces(mean, basis, machine), {**record, "components": size}


def solve_linear_svm(x: Array, y: Array, c: float, gamma: float, temperature: float = 1.0) -> Linear:
    """One hyperplane a person; `gamma` is ignored."""
    machines = [_one_against_all(x, y == k, C=c, kernel="linear") for k in range(y.max() + 1)]
    coefficients = np.concatenate([each.coef_ for each in machines])
    return _linear(coefficients, np.concatenate([each.intercept_ for each in machines]), temperature, two=False)


def solve_rbf_svm(x: Array, y: Array, c: float, gamma: float, temperature: float = 1.0) -> KernelMachine:
    """One RBF machine a person, coefficients kept sparse."""
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


def _grid(parameters: Mapping[str, Any], first: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [first, *(row for row in others if row != first)] if parameters.get("tune") else [first]


def _unit(x: Array) -> Array:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))
