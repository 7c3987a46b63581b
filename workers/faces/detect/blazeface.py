"""BlazeFace, the light detector of the cascade (Bazarevsky et al., arXiv:1907.05047).

It sees the whole photo in one small square and scores a box at each of its anchors; faces that are small in the photo
escape it, which is what the cascade's thorough detector is for. All its layers are convolutions, so the square may be
smaller than the one it learned on: half the side costs a quarter, and sees large faces as well.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box, overlap
from workers.faces.photo import Pixels

MIN_SCORE = 0.5
"""Below it a box is not a face; MediaPipe's own default."""

SAME_FACE = 0.3
"""Overlap above which two boxes are one face; MediaPipe's own default."""

SIDE = 192
"""Of the square that it learned on, pixels."""

CELL = 4
"""Pixels from one anchor to the next; one anchor a cell, from the model's published options."""


def detect_blazeface(session: Any, rgb: Pixels, side: int) -> list[tuple[Box, float]]:
    """Boxes in the picture's pixels and probabilities, best first; the photo is seen in side x side pixels."""
    canvas, factor, left, top = letterbox(rgb, side)
    regressors, scores = session.run(["regressors", "scores"], {"pixels": canvas[None]})
    probable = 1 / (1 + np.exp(-np.clip(scores[0, :, 0].astype(np.float64), -80, 80)))
    kept: list[tuple[Box, float]] = []
    for index in np.argsort(-probable, kind="stable"):
        if probable[index] < MIN_SCORE:
            break
        x, y = regressors[0, index, :2] + anchors(side)[index] * side
        width, height = regressors[0, index, 2:4]
        edges = (x - width / 2 - left, y - height / 2 - top, x + width / 2 - left, y + height / 2 - top)
        first_x, first_y, end_x, end_y = (float(edge) * factor for edge in edges)
        box = Box(first_x, first_y, end_x - 1, end_y - 1)
        if all(overlap(box, other) <= SAME_FACE for other, _ in kept):
            kept.append((box, float(probable[index])))
    return kept


def letterbox(rgb: Pixels, side: int) -> tuple[npt.NDArray[np.float32], float, int, int]:
    """The photo in the middle of a black square: (side, side, 3) float32 in -1..1; photo pixels in one of its pixels;
    empty columns at the left and rows at the top."""
    import cv2

    # Halving is the cheapest averaging that there is, and linear is as good as any below a factor of two.
    halved, halvings = rgb, 0
    while max(halved.shape[:2]) >= 2 * side and min(halved.shape[:2]) >= 2:
        height, width = halved.shape[0] // 2, halved.shape[1] // 2  # of an odd size the last row or column goes
        even = halved[: 2 * height, : 2 * width]
        halved = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        halvings += 1
    height, width = halved.shape[:2]
    factor = max(height, width) / side
    columns, rows = max(round(width / factor), 1), max(round(height / factor), 1)
    left, top = (side - columns) // 2, (side - rows) // 2
    small = cv2.resize(halved, (columns, rows), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((side, side, 3), -1.0, np.float32)
    np.multiply(small, 1 / 127.5, out=canvas[top : top + rows, left : left + columns], dtype=np.float32)
    canvas[top : top + rows, left : left + columns] -= 1
    return canvas, factor * 2**halvings, left, top


@functools.cache
def anchors(side: int) -> npt.NDArray[np.float32]:
    """The anchors' centres x, y as shares of the input's side, row by row."""
    cells = side // CELL
    rows, columns = np.mgrid[0:cells, 0:cells]
    centres: npt.NDArray[np.float32] = ((np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5) / cells).astype(
        np.float32
    )
    return centres
