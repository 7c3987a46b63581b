"""BlazeFace, the fast detector of the cascade (Bazarevsky et al., arXiv:1907.05047).

It resizes the whole photo and scores a box at each anchor, so it misses faces that are small in the photo. All layers
are convolutions, so the input need not be the square of the training: half the side costs a quarter and finds large
faces as well, and a photo twice as wide as high costs half as much as a square one.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box, best_apart
from workers.faces.models.onnx_sessions import giving_back
from workers.faces.photo import Pixels

MIN_SCORE = 0.5
"""Probability below which a box is dropped; MediaPipe's own default."""

LEAST_LOGIT = -0.01
"""Of a probability just below that."""

SAME_FACE = 0.3
"""Overlap above which two boxes are one face; MediaPipe's own default."""

SIDE = 192
"""Of the square in training, pixels."""

STEP = 32
"""Pixels: the sides of the input are multiples of it."""

CELL = 4
"""Pixels from one anchor to the next; one anchor a cell, from the model's published options."""


class BlazeFace(NamedTuple):
    """A face that the network found.

    Attributes:
        box: in the pixels given.
        score: probability, 0 to 1.
        roll: clockwise lean of the line from eye to eye, degrees, -180 to 180. Exact to some ten degrees.
    """

    box: Box
    score: float
    roll: float


class Halved(NamedTuple):
    """A photo, (height, width, 3) uint8 RGB, after so many halvings."""

    rgb: Pixels
    times: int = 0


def detect_blazeface(session: Any, photo: Pixels | Halved, side: int) -> list[BlazeFace]:
    """Detect faces with BlazeFace.

    Args:
        session: of the model "blaze".
        photo: (height, width, 3) uint8, RGB; or the same from `halved` at this side or a larger one, which saves time
            where a photo is searched at two sides, and changes no bit.
        side: longest side of the network's input, pixels; a multiple of 32.

    Returns:
        The faces in pixels of the photo, best first; overlapping boxes are suppressed.
    """
    canvas, factor, left, top = letterbox(photo, side)
    regressors, logits = _run(session, canvas)
    likely = np.flatnonzero(logits > LEAST_LOGIT)
    likely = likely[np.argsort(-logits[likely], kind="stable")]
    probable = _probabilities(logits[likely])
    likely, probable = likely[probable >= MIN_SCORE], probable[probable >= MIN_SCORE]
    edges = _edges(regressors[likely], anchors(*canvas.shape[:2])[likely], left, top).astype(np.float64) * factor
    edges[:, 2:] -= 1  # ends lie inside
    kept: list[BlazeFace] = []
    for row in best_apart(edges, SAME_FACE):
        kept.append(BlazeFace(Box(*edges[row].tolist()), float(probable[row]), _roll(regressors[likely[row]])))
    return kept


def _edges(regressors: npt.NDArray[np.float32], places: npt.NDArray[np.float32], left: int, top: int) -> Any:
    """Left, top, right and bottom of boxes in the photo's part of the input, (boxes, 4) float32."""
    x, y = (regressors[:, :2] + places).T
    width, height = regressors[:, 2:4].T
    return np.stack([x - width / 2 - left, y - height / 2 - top, x + width / 2 - left, y + height / 2 - top], axis=1)


def score_middle(session: Any, rgb: Pixels, side: int) -> tuple[float, float]:
    """Score and roll of the most probable face in the middle half of a square picture, however low; as above."""
    regressors, logits = _run(session, letterbox(rgb, side)[0])
    middle = _middle(side)
    index = middle[np.argmax(logits[middle])]
    return float(_probabilities(logits[index])), _roll(regressors[index])


def _run(session: Any, canvas: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Regressors, (anchors, 16), and the logits of the probabilities, (anchors,)."""
    options = giving_back() if max(canvas.shape) > SIDE else None
    regressors, scores = session.run(["regressors", "scores"], {"pixels": canvas[None]}, options)
    return regressors[0], scores[0, :, 0]


def _probabilities(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    probabilities: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -80, 80)))
    return probabilities


def _roll(regressors: npt.NDArray[np.float32]) -> float:
    """After the box come six points; the first two are the eyes, first the one at the left of an upright picture."""
    left_x, left_y, right_x, right_y = (float(value) for value in regressors[4:8])
    return math.degrees(math.atan2(right_y - left_y, right_x - left_x))


def halved(photo: Pixels | Halved, side: int) -> Halved:
    """Halve a photo until its longest side is less than twice `side`.

    Halving is the cheapest averaging, and below a factor of two linear interpolation is as good.
    """
    import cv2

    rgb, times = photo if isinstance(photo, Halved) else Halved(photo)
    while max(rgb.shape[:2]) >= 2 * side and min(rgb.shape[:2]) >= 2:
        height, width = rgb.shape[0] // 2, rgb.shape[1] // 2  # an odd last row or column is dropped
        even = rgb[: 2 * height, : 2 * width]
        rgb = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        times += 1
    return Halved(rgb, times)


def letterbox(photo: Pixels | Halved, side: int) -> tuple[npt.NDArray[np.float32], float, int, int]:
    """Resize a photo into the middle of a black picture; arguments as in `detect_blazeface`.

    Returns:
        That picture, (height, width, 3) float32, RGB, -1 to 1, its longest side `side` and the other the next multiple
        of `STEP`; photo pixels per pixel of it; its empty columns at the left; its empty rows at the top.
    """
    import cv2

    rgb, times = halved(photo, side)
    height, width = rgb.shape[:2]
    factor = max(height, width) / side
    columns, rows = max(round(width / factor), 1), max(round(height / factor), 1)
    wide, high = (-(-length // STEP) * STEP for length in (columns, rows))
    left, top = (wide - columns) // 2, (high - rows) // 2
    small = cv2.resize(rgb, (columns, rows), interpolation=cv2.INTER_LINEAR)
    canvas = np.full((high, wide, 3), -1.0, np.float32)
    np.multiply(small, 1 / 127.5, out=canvas[top : top + rows, left : left + columns], dtype=np.float32)
    canvas[top : top + rows, left : left + columns] -= 1
    return canvas, factor * 2**times, left, top


@functools.lru_cache(maxsize=64)
def anchors(height: int, width: int) -> npt.NDArray[np.float32]:
    """The anchors' centres, (anchors, 2) float32: x, y in pixels of the input, row by row."""
    rows, columns = np.mgrid[0 : height // CELL, 0 : width // CELL]
    centres: npt.NDArray[np.float32] = ((np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5) * CELL).astype(
        np.float32
    )
    return centres


@functools.lru_cache(maxsize=8)
def _middle(side: int) -> npt.NDArray[np.intp]:
    """The anchors in the middle half of a square input."""
    return np.flatnonzero((np.abs(anchors(side, side) / side - 0.5) < 0.25).all(axis=1))
