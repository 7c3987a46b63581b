"""The table of model families: name, fitting function, and the parameters that this function reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workers.learning.classical import solvers as classical
from workers.learning.fold import Fitted, Fold
from workers.learning.networks import fit_networks as networks
from workers.learning.parameters import Parameter, one_of, real, real_or_zero, whole, yes_no


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes:
        fit: takes the training faces of one split and no other face.
        parameters: all that may be set; an experiment that names another parameter is refused.
        warm_up: of networks: imports and compiles what a fit for so many people needs.
    """

    fit: Callable[[Fold], Fitted]
    parameters: tuple[Parameter, ...] = ()
    warm_up: Callable[[Mapping[str, Any], int], None] | None = None

    @property
    def network(self) -> bool:
        """Whether it is trained in epochs, which costs seconds to hours; all others cost milliseconds to seconds."""
        return self.fit.__module__ == networks.__name__


_PENALTY = (real("C"), yes_no("tune"))
_RECIPE = (
    whole("epochs", 1, 10_000),
    whole("batch", 1, 4096),
    real("rate", most=1.0),
    yes_no("cosine"),
    real_or_zero("smoothing", most=0.99),
    yes_no("balanced"),
)

FAMILIES: dict[str, Family] = {
    "majority": Family(classical.fit_majority),
    "neighbours": Family(classical.fit_neighbours, (whole("k", 1, 10_000), real("threshold"))),
    "centroid": Family(classical.fit_centroid, (one_of("metric", "euclidean", "cosine"),)),
    "logistic": Family(classical.fit_logistic, _PENALTY),
    "lda": Family(classical.fit_lda),
    "svm": Family(classical.fit_svm, (one_of("kernel", "linear", "rbf"), *_PENALTY)),
    "eigenfaces": Family(classical.fit_eigenfaces, (whole("components", 1, 1024), *_PENALTY)),
    "dense": Family(networks.fit_dense, _RECIPE, networks.warm_up_dense),
    "cnn-small": Family(networks.fit_small, _RECIPE, networks.warm_up_small),
    "cnn-regularized": Family(
        networks.fit_regularized,
        (*_RECIPE, whole("patience", 0, 10_000), whole("members", 1, 32)),
        networks.warm_up_regularized,
    ),
}
