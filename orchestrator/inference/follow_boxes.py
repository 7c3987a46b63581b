"""Follow boxes from frame to frame by optical flow, and notice where another scene begins.

Median flow (Kalal and others, 2010): points on a grid in the box are followed forwards and back again; of those that
come back near their beginning, the median shift and the median change of distances move and scale the box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box
from workers.faces.photo import Pixels

GRID = 9
"""Points a side; some 80 points need 0.3 ms."""

MARGIN = 0.15
"""Of a box on each side, which is not the face's but the background's."""

LONGEST_SIDE = 640
"""Pixels of the frame in which flow is looked for; a larger frame is reduced."""

MOST_RETURN_ERROR = 1.0
"""Pixels between a point and where it comes back to."""

LEAST_POINTS = GRID * GRID // 4

CUT = 18.0
"""Mean change of a small grey frame from which on another scene begins, 0 to 255; within a scene it is below 10."""

_SMALL = (64, 36)

Floats = npt.NDArray[np.float32]


class BoxFollower:
    """Sees every frame of a video in order.

    Attributes:
        is_cut: whether the frame seen last begins another scene; true for the first.
    """

    def __init__(self) -> None:
        self._grey: npt.NDArray[np.uint8] | None = None
        self._small: Floats | None = None
        self.is_cut = True

    def follow(self, rgb: Pixels, boxes: Sequence[Box]) -> list[Box | None]:
        """Where boxes of the frame before are in this one, (height, width, 3) uint8; None where that is not clear."""
        import cv2

        height, width = rgb.shape[:2]
        factor = min(1.0, LONGEST_SIDE / max(height, width))
        grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        if factor < 1:
            grey = np.asarray(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        small = cv2.resize(grey, _SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, small_before = self._grey, self._small
        self._grey, self._small = grey, small
        self.is_cut = (
            before is None
            or small_before is None
            or before.shape != grey.shape
            or float(np.abs(small - small_before).mean()) > CUT
        )
        if self.is_cut or before is None or not boxes:
            return [None] * len(boxes)
        moved = _move(cv2, before, grey, [box.scaled(factor) for box in boxes])
        return [box.scaled(1 / factor) if box else None for box in moved]


def _move(
    cv2: Any, before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8], boxes: Sequence[Box]
) -> list[Box | None]:
    points = np.concatenate([_grid(box) for box in boxes])
    options = {"winSize": (15, 15), "maxLevel": 3}
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, now, points, None, **options)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, None, **options)
    errors = np.linalg.norm(points - back, axis=1)
    errors[(found.ravel() == 0) | (found_back.ravel() == 0)] = np.inf
    size = GRID * GRID
    return [
        _moved(box, points[at : at + size], there[at : at + size], errors[at : at + size])
        for box, at in zip(boxes, range(0, len(points), size), strict=True)
    ]


def _grid(box: Box) -> Floats:
    """(GRID * GRID, 2) float32: x, y inside the box."""
    shares = np.linspace(MARGIN, 1 - MARGIN, GRID)
    x, y = np.meshgrid(box.left + shares * box.width, box.top + shares * box.height)
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def _moved(box: Box, points: Floats, there: Floats, errors: Floats) -> Box | None:
    good = errors <= min(MOST_RETURN_ERROR, float(np.median(errors)))
    if good.sum() < LEAST_POINTS:
        return None
    x, y = np.median(there[good] - points[good], axis=0)
    spread, spread_there = (np.linalg.norm(each[good] - each[good].mean(axis=0), axis=1) for each in (points, there))
    scale = float(np.median(spread_there / np.maximum(spread, 1e-6)))
    (middle_x, middle_y), half_width, half_height = (
        box.centre,
        scale * (box.width - 1) / 2,
        scale * (box.height - 1) / 2,
    )
    middle_x, middle_y = middle_x + float(x), middle_y + float(y)
    return Box(middle_x - half_width, middle_y - half_height, middle_x + half_width, middle_y + half_height)
