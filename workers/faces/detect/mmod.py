"""dlib's max-margin CNN face detector in ONNX Runtime (King, arXiv:1502.00046).

The picture and its reductions by 5/6 lie as tiles on one canvas, and one run scores every eighth pixel of it. Each
positive score is a window around its pixel, mapped back from its tile to the picture. Tiling, rounding and suppression
follow dlib to the pixel, so boxes and scores are dlib's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box, overlap
from workers.faces.photo import Pixels

SHRINK = 5 / 6
"""From one level of the pyramid to the next: dlib's pyramid_down<6>."""

BETWEEN, AROUND = 10, 11
"""Empty pixels between two tiles and around all of them."""

SMALLEST_LEVEL = 5
"""Rows below which no further level is made."""

STRIDE, OFFSET, HALF_WINDOW = 8, 14.0, 39.5
"""Pixels between two scores, the place of the first, and half of the window of 80 pixels less one."""

SUPPRESS_OVERLAP = 0.3382761351109955
"""Intersection over union above which the weaker of two windows is dropped; from the model file."""

MEAN = (122.78199768066406, 117.0009994506836, 104.2979965209961)
"""The canvas's empty colour, RGB, 0-255: the network subtracts it."""


@dataclass(frozen=True)
class Tile:
    """The place of a pyramid level on the canvas, pixels."""

    left: int
    top: int
    width: int
    height: int

    def distance(self, x: float, y: float) -> float:
        across = max(self.left - x, 0.0, x - (self.left + self.width - 1))
        down = max(self.top - y, 0.0, y - (self.top + self.height - 1))
        return math.hypot(across, down)


@dataclass(frozen=True)
class Layout:
    """The tiles of the pyramid's levels and the size of the canvas; the first tile is the picture itself."""

    tiles: tuple[Tile, ...]
    width: int
    height: int


def detect_mmod(session: Any, rgb: Pixels) -> list[tuple[Box, float]]:
    """Detect faces with the CNN.

    Args:
        session: of the model "mmod".
        rgb: (height, width, 3) uint8, RGB.

    Returns:
        Boxes in the pixels of `rgb` and dlib's confidences (0 and up), best first.
    """
    layout = tile_layout(*rgb.shape[:2])
    scores = session.run(None, {"pyramid": tile_pyramid(rgb, layout)[None]})[0][0, 0]
    return decode_scores(scores, layout)


def tile_layout(rows: int, columns: int) -> Layout:
    """Place the pyramid's levels down one column, then up beside it: dlib's `compute_tiled_image_pyramid_details`."""
    sizes = _levels(rows, columns)
    total = sum(height + BETWEEN for height, _ in sizes) - 2 * BETWEEN
    height, last_width = 0, 0
    for level_height, level_width in sizes:
        if level_width <= columns - last_width - BETWEEN and (height - rows) * 2 >= total - rows:
            break
        height, last_width = height + level_height + BETWEEN, level_width
    height -= BETWEEN
    tiles, y = [], AROUND
    rest = iter(sizes)
    waiting = next(rest, None)
    while waiting and y < height + AROUND:
        tiles.append(Tile(AROUND, y, waiting[1], waiting[0]))
        y += waiting[0] + BETWEEN
        waiting = next(rest, None)
    y -= BETWEEN
    while waiting:
        left, top = AROUND + columns - waiting[1], y - waiting[0]
        if left < AROUND + columns and top < AROUND + rows:
            break  # it would cover the picture itself
        tiles.append(Tile(left, top, waiting[1], waiting[0]))
        y -= waiting[0] + BETWEEN
        waiting = next(rest, None)
    return Layout(tuple(tiles), columns + 2 * AROUND, height + 2 * AROUND)


def tile_pyramid(rgb: Pixels, layout: Layout) -> npt.NDArray[np.float32]:
    """The canvas, (3, height, width) float32, RGB, 0-255; each level is resized from the one before."""
    canvas = np.empty((3, layout.height, layout.width), np.float32)
    canvas[:] = np.array(MEAN, np.float32)[:, None, None]
    level = rgb.astype(np.float32)
    for tile in layout.tiles:
        if level.shape[:2] != (tile.height, tile.width):
            level = _resized(level, tile.width, tile.height)
        place = canvas[:, tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
        place[:] = level.transpose(2, 0, 1)
    return canvas


def decode_scores(scores: npt.NDArray[np.float32], layout: Layout) -> list[tuple[Box, float]]:
    """Positive scores, (rows, columns) float32, to boxes and scores, best first; overlapping boxes are suppressed."""
    rows, columns = np.nonzero(scores > 0)
    order = np.argsort(-scores[rows, columns], kind="stable")
    kept: list[tuple[Box, float]] = []
    for row, column in zip(rows[order], columns[order], strict=True):
        box = _window_at(int(column) * STRIDE + OFFSET, int(row) * STRIDE + OFFSET, layout)
        if all(overlap(box, other) <= SUPPRESS_OVERLAP for other, _ in kept):
            kept.append((box, float(scores[row, column])))
    return kept


def _levels(rows: int, columns: int) -> list[tuple[int, int]]:
    sizes = [(rows, columns)]
    while True:
        rows, columns = math.floor(rows * 5 / 6), math.floor(columns * 5 / 6)
        if not columns or rows < SMALLEST_LEVEL:
            return sizes
        sizes.append((rows, columns))


def _resized(level: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.float32]:
    """dlib's bilinear resize: first pixel to first, last to last, in single precision.

    cv2 takes half the time, but its weights have five bits, which changes confidences by 0.004.
    """
    return _interpolated(_interpolated(level, 0, height), 1, width)


def _interpolated(level: npt.NDArray[np.float32], axis: int, count: int) -> npt.NDArray[np.float32]:
    size = level.shape[axis]
    place = np.arange(count) * ((size - 1) / max(count - 1, 1))
    before = np.minimum(place.astype(np.intp), size - 1)
    share = (place - before).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    first = level.take(before, axis)
    mixed: npt.NDArray[np.float32] = level.take(np.minimum(before + 1, size - 1), axis)
    mixed -= first
    mixed *= share
    mixed += first
    return mixed


def _window_at(x: float, y: float, layout: Layout) -> Box:
    """The window around a position on the canvas, in the picture's pixels."""
    level = min(range(len(layout.tiles)), key=lambda one: layout.tiles[one].distance(round(x), round(y)))
    tile = layout.tiles[level]
    x, y = x - tile.left, y - tile.top
    ends = [x - HALF_WINDOW, y - HALF_WINDOW, x + HALF_WINDOW, y + HALF_WINDOW]
    for _ in range(level):
        ends = [end / SHRINK + 0.3 for end in ends]  # dlib's pyramid_down<6>::point_up
    return Box(*ends)
