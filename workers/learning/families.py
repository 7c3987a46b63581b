"""Every family of models by name: the function that fits it, and the parameters that this function reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workers.learning.classical import solvers as classical
from workers.learning.fold import Fitted, Fold
from workers.learning.networks import fit_networks as networks
from workers.learning.parameters import OneOf, Parameter, Real, Whole, YesNo


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes:
        fit: never sees a face outside its training fold.
        parameters: all that may be set; whatever else an experiment names is a mistake.
    """

    fit: Callable[[Fold], Fitted]
    parameters: tuple[Parameter, ...] = ()


_PENALTY = (Real("C"), YesNo("tune"))
_RECIPE = (
    Whole("epochs", 1, 10_000),
    Whole("batch", 1, 4096),
    Real("rate", most=1.0),
    YesNo("cosine"),
    Real("smoothing", most=0.99, least_fits=True),
    YesNo("balanced"),
)

FAMILIES: dict[str, Family] = {
    "majority": Family(classical.fit_majority),
    "neighbours": Family(classical.fit_neighbours, (Whole("k", 1, 10_000), Real("threshold"))),
    "centroid": Family(classical.fit_centroid, (OneOf("metric", ("euclidean", "cosine")),)),
    "logistic": Family(classical.fit_logistic, _PENALTY),
    "lda": Family(classical.fit_lda),
    "svm": Family(classical.fit_svm, (OneOf("kernel", ("linear", "rbf")), *_PENALTY)),
    "eigenfaces": Family(classical.fit_eigenfaces, (Whole("components", 1, 1024), *_PENALTY)),
    "dense": Family(networks.fit_dense, _RECIPE),
    "cnn-small": Family(networks.fit_small, _RECIPE),
    "cnn-regularized": Family(
        networks.fit_regularized, (*_RECIPE, Whole("patience", 0, 10_000), Whole("members", 1, 32))
    ),
}
