"""Boxes in pixels, detections, and the geometry of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; `right` and `bottom` are inside it, as in dlib."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left + 1

    @property
    def height(self) -> float:
        return self.bottom - self.top + 1

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def scaled(self, factor: float) -> Box:
        """The same rectangle in a picture `factor` times as large; pixel centres lie at half integers."""
        half = (factor - 1) / 2
        return Box(*(factor * edge + half for edge in (self.left, self.top, self.right, self.bottom)))

    def shifted(self, x: float, y: float) -> Box:
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    @classmethod
    def from_dlib(cls, rectangle: Any) -> Box:
        """A `dlib.rectangle` as a box."""
        return cls(*(float(getattr(rectangle, side)()) for side in ("left", "top", "right", "bottom")))

    def rounded(self) -> tuple[int, int, int, int]:
        return round(self.left), round(self.top), round(self.right), round(self.bottom)


@dataclass(frozen=True)
class Detection:
    """A face that a detector found.

    Attributes:
        box: in the pixels given to the detector.
        score: on the detector's own scale; scores of two detectors do not compare.
        detector: its name in the table of faces.
        roll: clockwise lean of the line from eye to eye, degrees, -180 to 180; None where the detector gives no eyes.
    """

    box: Box
    score: float
    detector: str
    roll: float | None = None

    def moved(self, box: Box) -> Detection:
        return replace(self, box=box)


def between(one: Box, other: Box, share: float) -> Box:
    """The box on the way from one to the other: 0 is the first, 1 the second.

    >>> between(Box(0, 0, 9, 9), Box(10, 0, 19, 9), 0.5)
    Box(left=5.0, top=0.0, right=14.0, bottom=9.0)
    """
    sides = ("left", "top", "right", "bottom")
    return Box(*((1 - share) * getattr(one, side) + share * getattr(other, side) for side in sides))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1.

    >>> overlap(Box(0, 0, 9, 9), Box(5, 0, 14, 9)) == 1 / 3
    True
    """
    width = min(one.right, other.right) - max(one.left, other.left) + 1
    height = min(one.bottom, other.bottom) - max(one.top, other.top) + 1
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.area + other.area - shared)


def best_apart(edges: npt.NDArray[np.float64], most: float) -> list[int]:
    """The rows of the boxes that overlap no earlier kept one by more than `most`.

    Args:
        edges: left, top, right and bottom of boxes, best first, (boxes, 4) float64; ends inside as in `Box`.

    >>> best_apart(np.array([[0.0, 0, 9, 9], [1, 0, 10, 9], [20, 0, 29, 9]]), 0.3)
    [0, 2]
    """
    sizes = edges[:, 2:] - edges[:, :2] + 1
    areas = sizes[:, 0] * sizes[:, 1]
    rest = np.arange(len(edges))
    kept = []
    while len(rest):
        first, rest = rest[0], rest[1:]
        kept.append(int(first))
        starts, ends = np.maximum(edges[rest, :2], edges[first, :2]), np.minimum(edges[rest, 2:], edges[first, 2:])
        width, height = (ends - starts + 1).clip(0).T
        shared = width * height
        rest = rest[shared <= most * (areas[rest] + areas[first] - shared)]
    return kept
