"""What a family of models is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from workers.learning.arrays import Array, Floats


class CannotFit(Exception):
    """These training faces do not allow this model; the reason is the message. Becomes a failed row."""


@dataclass(frozen=True)
class Fold:
    """The training faces of one split; no other face is ever seen while fitting.

    Attributes:
        x: (N, ...) the configuration's view: (N, 128) float32 or (N, 128, 128, 3) uint8 RGB.
        y: (N,) class numbers 0 .. classes - 1, all present.
        groups: (N,) faces of one group never straddle an inner split.
        parameters: the configuration's.
        seed: of everything random.
    """

    x: Array
    y: Array
    groups: Array
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    @property
    def classes(self) -> int:
        """How many people."""
        return int(self.y.max()) + 1


class Predictor(Protocol):
    """What every fitted model can do."""

    def scores(self, x: Array) -> tuple[Floats, Floats]:
        """Probabilities (N, classes) and known scores (N,)."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of everything that prediction needs."""
        ...

    def save(self, folder: Path) -> None:
        """Write that into an existing folder, without pickle."""
        ...


@dataclass(frozen=True)
class Fitted:
    """A predictor, the hyper-parameters chosen inside the fold, and the learning curves (networks only)."""

    predictor: Predictor
    chosen: dict[str, Any] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
