"""Every configuration by name: a view of the face, a family of models, its parameters.

Adding one is a line of `_ALL`. `tune` lets the family choose its hyper-parameters inside the training fold.
`NAME@ENCODER` is the configuration NAME on the measurements of an encoder of our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

LEARNING_VERSION = 2
"""To be raised by whoever changes what a configuration or an encoder learns from the same faces."""

AT = "@"
UNKNOWN = "unknown"
"""What `threshold-1nn` predicts for a face that is near nobody."""


@dataclass(frozen=True)
class Configuration:
    """One row of the comparison.

    Attributes:
        name: unique in the table; `NAME@ENCODER` where an encoder of our own measures the faces.
        view: crop | aligned | embedding | none.
        family: which fitting function serves it (`workers.learning.families`).
        parameters: plain values for that function; the family says which it knows.
    """

    name: str
    view: str
    family: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def encoder(self) -> str:
        """The experiment's name for the encoder that measures the faces; empty for dlib's."""
        return self.name.partition(AT)[2]

    def with_parameters(self, **changes: Any) -> Configuration:
        """The same configuration with some parameters replaced."""
        return replace(self, parameters={**self.parameters, **changes})


_EVERY_TRICK = {
    "epochs": 120,
    "batch": 16,
    "rate": 2e-3,
    "cosine": True,
    "smoothing": 0.1,
    "balanced": True,
    "patience": 40,
    "members": 4,
}

_ALL = (
    Configuration("cnn-small-crop", "crop", "cnn-small", {"epochs": 20, "batch": 16, "rate": 1e-3}),
    Configuration("cnn-small-aligned", "aligned", "cnn-small", {"epochs": 20, "batch": 16, "rate": 1e-3}),
    Configuration("cnn-regularized-crop", "crop", "cnn-regularized", _EVERY_TRICK),
    Configuration("cnn-regularized-aligned", "aligned", "cnn-regularized", _EVERY_TRICK),
    Configuration("dense", "embedding", "dense", {"epochs": 60, "batch": 16, "rate": 1e-3}),
    Configuration("knn-1", "embedding", "neighbours", {"k": 1}),
    Configuration("knn-3", "embedding", "neighbours", {"k": 3}),
    Configuration("knn-7", "embedding", "neighbours", {"k": 7}),
    Configuration("svm-linear", "embedding", "svm", {"kernel": "linear", "C": 10.0, "tune": True}),
    Configuration("svm-rbf", "embedding", "svm", {"kernel": "rbf", "C": 10.0, "tune": True}),
    Configuration("logistic-regression", "embedding", "logistic", {"C": 10.0, "tune": True}),
    Configuration("lda", "embedding", "lda"),
    Configuration("cosine-centroid", "embedding", "centroid", {"metric": "cosine"}),
    Configuration("eigenfaces-svm", "aligned", "eigenfaces", {"C": 10.0, "components": 80}),
    Configuration("majority", "none", "majority"),
    Configuration("nearest-centroid", "embedding", "centroid", {"metric": "euclidean"}),
    Configuration("threshold-1nn", "embedding", "neighbours", {"k": 1, "threshold": 0.6}),
)

CONFIGURATIONS: dict[str, Configuration] = {each.name: each for each in _ALL}


def find_configuration(name: str) -> Configuration:
    """The configuration of that name, also of `NAME@ENCODER`.

    Raises:
        KeyError: there is no such configuration, or its view is not `embedding` and an encoder changes nothing in it.
    """
    plain, at, encoder = name.partition(AT)
    found = CONFIGURATIONS[plain]
    if at and not (encoder and found.view == "embedding"):
        raise KeyError(name)
    return replace(found, name=name)


def view_of_configuration(name: str) -> str:
    """The view of that configuration; `none` for one that this version does not know."""
    try:
        return find_configuration(name).view
    except KeyError:
        return "none"
