"""What a fitting function takes (`Fold`) and returns (`Fitted`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from workers.learning.arrays import Array, Floats

Tell = Callable[[str], None]
"""Takes how far a fit is, in words."""


def tell_nobody(progress: str) -> None:
    """Drop it."""


class CannotFit(Exception):
    """There are too few training faces or people for this model; the message says why. Becomes a failed row."""


@dataclass(frozen=True)
class Fold:
    """The training faces of one split. A fitting function sees no other face.

    Attributes:
        x: (N, ...) the configuration's view: an array (N, 128) float32, or `Pictures` (N, 128, 128, 3) uint8 RGB, which
            are indexed as an array is and decoded by `numpy.asarray`.
        y: (N,) class numbers 0 .. classes - 1, all present.
        groups: (N,) group of each face; inner splits keep a group on one side.
        parameters: of the configuration.
        seed: of every random draw.
        tell: called after each epoch of a network.
    """

    x: Any
    y: Array
    groups: Array
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    tell: Tell = tell_nobody

    @property
    def classes(self) -> int:
        """Number of people."""
        return int(self.y.max()) + 1


class Predictor(Protocol):
    """The interface of every fitted model."""

    def probabilities(self, x: Array) -> Floats:
        """(N, classes) float32 of faces x (N, ...); each row sums to 1."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays or weights that prediction needs."""
        ...

    def save(self, folder: Path) -> None:
        """Write the arrays or weights into an existing folder, without pickle."""
        ...


@dataclass(frozen=True)
class Fitted:
    """A predictor, the hyper-parameters chosen inside the fold, and the learning curves (networks only)."""

    predictor: Predictor
    chosen: dict[str, Any] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
