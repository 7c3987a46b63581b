"""dlib's max-margin CNN face detector, re-hosted (King, arXiv:1502.00046; weights: mmod_human_face_detector.dat).

All scales are seen in one run: the picture and its reductions by 5/6 are tiled into one canvas, the network scores
every eighth pixel of it, and each positive score is a window of 40 x 40 pixels around it, brought back to the scale
of its tile. dlib's tiling, rounding and suppression are followed to the pixel, so that boxes and scores are dlib's.
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
"""Intersection over union above which the weaker of two windows goes; from the file."""

MEAN = (122.78199768066406, 117.0009994506836, 104.2979965209961)
"""The canvas's empty colour, RGB; zero once the network has taken it off."""


@dataclass(frozen=True)
class Tile:
    """A level's place in the canvas, pixels."""

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
    """Where the levels lie; the first is the picture itself."""

    tiles: tuple[Tile, ...]
    width: int
    height: int


def detect_mmod(session: Any, rgb: Pixels) -> list[tuple[Box, float]]:
    """Boxes in the picture's pixels and dlib's confidences (0 and up), best first."""
    layout = tile_layout(*rgb.shape[:2])
    scores = session.run(None, {"pyramid": tile_pyramid(rgb, layout)[None]})[0][0, 0]
    return decode_scores(scores, layout)


def tile_layout(rows: int, columns: int) -> Layout:
    """dlib's `compute_tiled_image_pyramid_details`: a first column down, then back up beside the picture."""
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
            break  # it would lie on the picture itself
        tiles.append(Tile(left, top, waiting[1], waiting[0]))
        y -= waiting[0] + BETWEEN
        waiting = next(rest, None)
    return Layout(tuple(tiles), columns + 2 * AROUND, height + 2 * AROUND)


def tile_pyramid(rgb: Pixels, layout: Layout) -> npt.NDArray[np.float32]:
    """The canvas, (height, width, 3) float32, 0-255; each level is made from the one before, corners on corners."""
    canvas = np.empty((layout.height, layout.width, 3), np.float32)
    canvas[:] = MEAN
    level = rgb.astype(np.float32)
    for tile in layout.tiles:
        if level.shape[:2] != (tile.height, tile.width):
            level = _reduced(level, tile.width, tile.height)
        canvas[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = level
    return canvas


def decode_scores(scores: npt.NDArray[np.float32], layout: Layout) -> list[tuple[Box, float]]:
    """Positive scores to boxes; of windows that overlap much the best stays."""
    rows, columns = np.nonzero(scores > 0)
    order = np.argsort(-scores[rows, columns], kind="stable")
    kept: list[tuple[Box, float]] = []
    for row, column in zip(rows[order], columns[order], strict=True):
        box = _window(int(column) * STRIDE + OFFSET, int(row) * STRIDE + OFFSET, layout)
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


def _reduced(level: npt.NDArray[np.float32], width: int, height: int) -> npt.NDArray[np.float32]:
    """dlib's bilinear resize: first pixel on first, last on last, in full precision.

    cv2 would do it in half the time, but its weights have five bits, which costs 0.004 of confidence.
    """
    return _between(_between(level, 0, height), 1, width)


def _between(level: npt.NDArray[np.float32], axis: int, count: int) -> npt.NDArray[np.float32]:
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


def _window(x: float, y: float, layout: Layout) -> Box:
    """The window of a score at a canvas position, in the picture's pixels."""
    level = min(range(len(layout.tiles)), key=lambda one: layout.tiles[one].distance(round(x), round(y)))
    tile = layout.tiles[level]
    x, y = x - tile.left, y - tile.top
    ends = [x - HALF_WINDOW, y - HALF_WINDOW, x + HALF_WINDOW, y + HALF_WINDOW]
    for _ in range(level):
        ends = [end / SHRINK + 0.3 for end in ends]  # dlib's pyramid_down<6>::point_up
    return Box(*ends)
