"""The table of configurations: name, view of the face, family of models, parameters.

To add a configuration, add a line to `_ALL`. With `tune`, the family chooses its hyper-parameters inside the training
fold. `NAME@ENCODER` is the configuration NAME on embeddings of another encoder than the run's; `NAME@ONE+TWO` on those
of several side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

LEARNING_VERSION = 4
"""Raise it with every change after which a configuration or an encoder learns something else from the same faces."""

AT = "@"
PLUS = "+"

RUN_ENCODER = "dlib"
"""The name of the face engine's own encoder where it stands beside another."""

UNKNOWN = "unknown"
"""The label of a face that is recognised as none of the known people."""


@dataclass(frozen=True)
class Configuration:
    """One row of the comparison.

    Attributes:
        name: unique in the table; `NAME@ENCODER` with another encoder than the run's.
        view: crop | aligned | embedding | none.
        family: its fitting function, by name (`workers.learning.families.FAMILIES`).
        parameters: strings, numbers and booleans for that function; the family lists those that it reads.
    """

    name: str
    view: str
    family: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def encoder(self) -> str:
        """The experiment's name of the encoder, or names with PLUS between them; empty for the run's own encoder."""
        return self.name.partition(AT)[2]

    def with_parameters(self, **changes: Any) -> Configuration:
        """The same configuration with some parameters replaced."""
        return replace(self, parameters={**self.parameters, **changes})


_REGULARIZED = {
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
    Configuration("cnn-regularized-crop", "crop", "cnn-regularized", _REGULARIZED),
    Configuration("cnn-regularized-aligned", "aligned", "cnn-regularized", _REGULARIZED),
    Configuration("dense", "embedding", "dense", {"epochs": 60, "batch": 16, "rate": 1e-3}),
    Configuration("knn-1", "embedding", "neighbours", {"k": 1}),
    Configuration("knn-3", "embedding", "neighbours", {"k": 3}),
    Configuration("knn-7", "embedding", "neighbours", {"k": 7}),
    Configuration("svm-linear", "embedding", "svm", {"kernel": "linear", "C": 10.0, "tune": True}),
    Configuration("svm-rbf", "embedding", "svm", {"kernel": "rbf", "C": 10.0, "tune": True}),
    Configuration("logistic-regression", "embedding", "logistic", {"C": 10.0, "tune": True}),
    Configuration("lda", "embedding", "lda"),
    Configuration("cosine-centroid", "embedding", "centroid", {"metric": "cosine"}),
    Configuration("eigenfaces-svm", "aligned", "eigenfaces", {"C": 10.0, "components": 80, "tune": True}),
    Configuration("majority", "none", "majority"),
    Configuration("nearest-centroid", "embedding", "centroid", {"metric": "euclidean"}),
    Configuration("threshold-1nn", "embedding", "neighbours", {"k": 1, "threshold": 0.6}),
)

CONFIGURATIONS: dict[str, Configuration] = {each.name: each for each in _ALL}

BASELINES = ("majority", "nearest-centroid", "threshold-1nn")
"""They show the level that a method has to beat, and take no part in the correction for many tests."""


def find_configuration(name: str) -> Configuration:
    """The configuration of a name, `NAME` or `NAME@ENCODER`.

    Raises:
        KeyError: there is no such configuration, or an encoder is named and the view is not `embedding`.

    >>> find_configuration("knn-3").parameters
    {'k': 3}
    >>> find_configuration("knn-3@own").encoder
    'own'
    """
    base, at, encoder = name.partition(AT)
    found = CONFIGURATIONS[base]
    if at and not (encoder and found.view == "embedding"):
        raise KeyError(name)
    return replace(found, name=name)


def encoder_parts(encoder: str) -> tuple[str, ...]:
    """The names of the encoders that stand side by side; none for the run's own.

    >>> encoder_parts("dlib+sface"), encoder_parts("sface"), encoder_parts("")
    (('dlib', 'sface'), ('sface',), ())
    """
    return tuple(encoder.split(PLUS)) if encoder else ()


def view_of_configuration(name: str) -> str:
    """The view of the configuration; `none` where this version does not know the configuration."""
    try:
        return find_configuration(name).view
    except KeyError:
        return "none"


def is_baseline(name: str) -> bool:
    """Whether the configuration, with whichever encoder, is one of BASELINES."""
    return name.partition(AT)[0] in BASELINES
