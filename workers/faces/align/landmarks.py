"""Facial landmarks: 68 points in the order of the iBUG 300-W annotation, or 5; equal to dlib's.

The model is dlib's cascade of regression trees (Kazemi and Sullivan, CVPR 2014). It was trained on boxes of dlib's HOG
detector, so its accuracy depends on the box: see `refine_box`. Here all faces take each level of the cascade together:
the trees are larger than the processor's caches, and are then read from memory once for all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box
from workers.faces.models.landmark_files import DEPTH, LEAVES, SPLITS, TREES, landmark_record
from workers.faces.models.model_cache import converted
from workers.faces.photo import Pixels, Points

TOGETHER = 32
"""Faces that take a level together at most."""

BUFFER_BYTES = 1 << 19
"""Of the leaves that are added at once: they stay in the second cache."""

Shapes = npt.NDArray[np.float32]
"""(faces, 2 * points): x0 y0 x1 y1 ..., in sides of the face's box."""

Column = npt.NDArray[np.float64]
"""(faces, 1)."""


@functools.cache
def load_landmarks(count: str) -> LandmarkFinder:
    """The finder of "68" or "5" points; raises `EngineError` where the model file is missing.

    >>> find = load_landmarks("5")
    >>> [points] = find([(np.zeros((100, 100, 3), np.uint8), Box(20, 20, 79, 79))])
    >>> points.shape
    (5, 2)
    """
    path, record = converted(f"landmarks-{count}"), landmark_record(int(count))
    # mapped, not read: the worker processes of a machine share the pages
    return LandmarkFinder(np.memmap(path, record, "r", shape=(1,))[0])


@dataclass(frozen=True)
class _Faces:
    """The pixels of each face's photo (height * width, 3) and its box: origin and size from centre to centre."""

    pixels: list[Pixels]
    left: Column
    top: Column
    across: Column
    down: Column
    width: npt.NDArray[np.int64]
    height: npt.NDArray[np.int64]

    @classmethod
    def of(cls, faces: Sequence[tuple[Pixels, Box]]) -> _Faces:
        boxes = np.array([box.rounded() for _, box in faces], np.float64)
        left, top, right, bottom = np.split(boxes, 4, axis=1)
        sizes = np.array([rgb.shape[:2] for rgb, _ in faces], np.int64)
        pixels = [rgb.reshape(-1, 3) for rgb, _ in faces]
        return cls(pixels, left, top, right - left, bottom - top, sizes[:, 1:], sizes[:, :1])

    def placed(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> tuple[Column, Column]:
        """Places in sides of the boxes as whole pixels of the photos."""
        return np.floor(self.across * x + self.left + 0.5), np.floor(self.down * y + self.top + 0.5)


class LandmarkFinder:
    """Finds the points of faces; a face's points do not depend on the other faces.

    Args:
        trees: of `landmark_record`.
    """

    def __init__(self, trees: Any) -> None:
        self._initial = np.array(trees["initial"])
        self._levels = [_Level(trees, self._initial, level) for level in range(len(trees["leaves"]))]

    def __call__(self, faces: Sequence[tuple[Pixels, Box]]) -> list[Points]:
        """The points of each face.

        Args:
            faces: the photo's pixels (height, width, 3) uint8 RGB, and the face's box in them.

        Returns:
            (68, 2) or (5, 2) float32 each: x and y, whole pixels.
        """
        found: list[Points] = []
        for start in range(0, len(faces), TOGETHER):
            group = _Faces.of(faces[start : start + TOGETHER])
            shapes = np.repeat(self._initial[None], len(group.pixels), axis=0)
            for level in self._levels:
                level.add_to(shapes, group)
            places = np.stack(group.placed(shapes[:, ::2], shapes[:, 1::2]), axis=-1)
            found += list(places.astype(np.float32))
        return found


class _Level:
    """One level of the cascade. The order of its operations and their precision are dlib's."""

    def __init__(self, trees: Any, initial: Shapes, level: int) -> None:
        self._x, self._y = 2 * np.array(trees["anchors"][level]), 2 * np.array(trees["anchors"][level]) + 1
        self._offset_x, self._offset_y = np.array(trees["offsets"][level])
        self._first, self._second = trees["first"][level], trees["second"][level]
        self._thresholds = np.array(trees["thresholds"][level])[:, None]
        self._leaves = trees["leaves"][level]
        mean = _centred(initial[None])[0]
        self._mean, self._spread = mean.conj(), float((abs(mean) ** 2).sum())

    def add_to(self, shapes: Shapes, faces: _Faces) -> None:
        """Move the shapes as this level's trees tell from the photos' pixels."""
        rows = _leaves_of(self._goes_second(self._brightness(shapes, faces)))
        at_once = max(BUFFER_BYTES // shapes.nbytes, 1)
        buffer = np.empty((at_once + 1, *shapes.shape), np.float32)
        for start in range(0, TREES, at_once):
            some = rows[start : start + at_once]
            buffer[0] = shapes
            self._leaves.take(some, axis=0, out=buffer[1 : len(some) + 1], mode="clip")
            np.add.reduce(buffer[: len(some) + 1], axis=0, out=shapes)

    def _brightness(self, shapes: Shapes, faces: _Faces) -> npt.NDArray[np.int16]:
        """(pixels, faces): mean of the three colours; 0 beyond the photo."""
        turn = (_centred(shapes) * self._mean).sum(axis=1, keepdims=True) / self._spread
        cosine, sine = turn.real.astype(np.float32), turn.imag.astype(np.float32)
        x = cosine * self._offset_x - sine * self._offset_y + shapes.take(self._x, axis=1)
        y = sine * self._offset_x + cosine * self._offset_y + shapes.take(self._y, axis=1)
        across, down = (places.astype(np.int64) for places in faces.placed(x, y))
        inside = (across.view(np.uint64) < faces.width.view(np.uint64)) & (  # a negative place is a great one
            down.view(np.uint64) < faces.height.view(np.uint64)
        )
        places = (down * faces.width + across) * inside
        colours = np.empty((*places.shape, 3), np.uint8)
        for pixels, where, out in zip(faces.pixels, places, colours, strict=True):
            pixels.take(where, axis=0, out=out, mode="clip")
        total = colours[..., 0].astype(np.uint16)
        total += colours[..., 1]
        total += colours[..., 2]
        return np.ascontiguousarray((total // 3 * inside).T).view(np.int16)

    def _goes_second(self, brightness: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
        """(splits, trees, faces): whether a split sends a face to its second child."""
        apart = brightness.take(self._first, axis=0, mode="clip")
        apart -= brightness.take(self._second, axis=0, mode="clip")
        second: npt.NDArray[np.bool_] = apart <= self._thresholds
        return second.reshape(SPLITS, TREES, -1)


def _centred(shapes: Shapes) -> npt.NDArray[np.complex128]:
    """(faces, points): x + iy from the middle of each shape."""
    points = shapes.astype(np.float64).view(np.complex128)
    centred: npt.NDArray[np.complex128] = points - points.mean(axis=1, keepdims=True)
    return centred


def _leaves_of(second: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """(trees, faces): rows of the leaves. The children of split s are 2 s + 1 and 2 s + 2, the leaves come last."""
    leaf = np.zeros(second.shape[1:], np.uint8)
    turns: list[npt.NDArray[np.bool_]] = []
    for depth in range(DEPTH):
        nodes = second[2**depth - 1 : 2 ** (depth + 1) - 1]
        for turn in turns:  # half of the nodes can still be met
            one, other = nodes[: len(nodes) // 2], nodes[len(nodes) // 2 :]
            nodes = one ^ (turn & (one ^ other))
        turns.append(nodes[0])
        leaf += leaf + nodes[0]
    rows: npt.NDArray[np.int64] = np.arange(TREES)[:, None] * LEAVES + leaf
    return rows
