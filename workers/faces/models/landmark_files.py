"""Read dlib's shape predictors (`.dat`): cascades of regression trees that place landmarks (Kazemi and Sullivan, CVPR
2014). The bytes made of them are one record of `landmark_record`, which a process maps into its memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.errors import EngineError

LEVELS, TREES, DEPTH = 15, 500, 4
SPLITS, LEAVES = 2**DEPTH - 1, 2**DEPTH
PIXELS = {68: 500, 5: 800}
"""Points: pixels that each level compares."""

BLOCK = 1 << 14
"""Bytes in which the beginnings of integers are searched at once."""

Whole = npt.NDArray[np.int64]


def landmark_record(points: int) -> np.dtype[np.void]:
    """The record of a predictor of so many points; each field but the first has a row a level.

    initial      the mean shape, x0 y0 x1 y1 ..., in sides of the face's box
    anchors      the point that each pixel is near to
    offsets      x of each pixel from its anchor, then y, in the mean shape
    first        the pixel that each split compares, by split and tree
    second       ... with this one
    thresholds   the first child follows where first - second is greater
    leaves       what each leaf adds to the shape: leaf l of tree t is row 16 t + l
    """
    pixels = PIXELS[points]
    return np.dtype(
        [
            ("anchors", "<i8", (LEVELS, pixels)),
            ("first", "<i8", (LEVELS, SPLITS * TREES)),
            ("second", "<i8", (LEVELS, SPLITS * TREES)),
            ("leaves", "<f4", (LEVELS, TREES * LEAVES, 2 * points)),
            ("initial", "<f4", (2 * points,)),
            ("offsets", "<f4", (LEVELS, 2, pixels)),
            ("thresholds", "<i2", (LEVELS, SPLITS * TREES)),
        ]
    )


def landmark_trees(path: Path, points: int) -> bytes:
    """The record of a predictor's file.

    Raises:
        EngineError: the file is damaged or another predictor.
    """
    record = np.zeros(1, landmark_record(points))
    try:
        _read(_Integers(np.frombuffer(path.read_bytes(), np.uint8)), record[0], points)
    except ValueError as error:
        message = f"{path.name} is not the predictor of {points} points it should be: {error}"
        raise EngineError(message, "Install it again") from error
    return record.tobytes()


class _Integers:
    """The integers of a file, in order: all that dlib writes here is made of them (see `dlib_values`)."""

    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        self._blocks = _decoded(data)
        self._left = np.zeros(0, np.int64)

    def take(self, count: int) -> Whole:
        """The next ones; raises ValueError where there are fewer."""
        parts = [self._left]
        lack = count - len(self._left)
        while lack > 0:
            block = next(self._blocks, None)
            if block is None:
                raise ValueError("it ends too soon")
            parts.append(block)
            lack -= len(block)
        every = np.concatenate(parts)
        self._left = every[count:]
        return every[:count]

    def reals(self, count: int) -> npt.NDArray[np.float32]:
        """The next numbers, each a mantissa and an exponent."""
        return _reals(self.take(2 * count))

    def expect(self, value: int) -> None:
        found = int(self.take(1)[0])
        if found != value:
            raise ValueError(f"{found} where it should have {value}")

    def end(self) -> None:
        if len(self._left) or next(self._blocks, None) is not None:
            raise ValueError("bytes are left over")


def _decoded(data: npt.NDArray[np.uint8]) -> Iterator[Whole]:
    """All integers by blocks. Where one begins follows from the one before; the beginnings of a block are found by
    following 1, 2, 4, ... integers at once."""
    at = 0
    while at < len(data):
        block = data[at : at + BLOCK]
        size = len(block)
        after = np.minimum(np.arange(size, dtype=np.int32) + 1 + (block & 0x0F), size)
        starts, jump = np.zeros(1, np.int32), np.append(after, np.int32(size))
        while (further := jump[starts])[0] < size:
            further = further[further < size]
            starts, jump = np.concatenate([starts, further]), jump[jump]
        starts.sort()
        if at + size < len(data):
            starts = starts[:-1]  # the last one may be cut
        values = _values(block, starts)
        yield values
        at += int(starts[-1]) + 1 + int(block[starts[-1]] & 0x0F)
    if at > len(data):
        raise ValueError("it ends too soon")


def _values(block: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32]) -> Whole:
    control = block[starts]
    if (control & 0x70).any() or (control & 0x0F > 8).any():
        raise ValueError("it has other bytes than integers")
    values = np.zeros(len(starts), np.int64)
    for place in range(int((control & 0x0F).max())):
        byte = block[np.minimum(starts + 1 + place, len(block) - 1)].astype(np.int64)
        values |= np.where(control & 0x0F > place, byte << (8 * place), 0)
    signed: Whole = np.where(control & 0x80, -values, values)
    return signed


def _reals(pairs: Whole) -> npt.NDArray[np.float32]:
    found: npt.NDArray[np.float32] = np.ldexp(pairs[::2].astype(np.float64), pairs[1::2]).astype(np.float32)
    if not np.isfinite(found).all():
        raise ValueError("a number is not finite")
    return found


def _read(file: _Integers, record: Any, points: int) -> None:
    pixels = PIXELS[points]
    for value in (1, -2 * points, -1):  # version, and the shape of a column
        file.expect(value)
    record["initial"] = file.reals(2 * points)
    file.expect(LEVELS)
    for level in range(LEVELS):
        _read_trees(file, record, level, points)
    file.expect(LEVELS)
    for level in range(LEVELS):
        file.expect(pixels)
        record["anchors"][level] = _below(points, file.take(pixels))
    file.expect(LEVELS)
    for level in range(LEVELS):
        file.expect(pixels)
        record["offsets"][level] = file.reals(2 * pixels).reshape(pixels, 2).T
    file.end()


def _read_trees(file: _Integers, record: Any, level: int, points: int) -> None:
    file.expect(TREES)
    matrix = 2 + 4 * points
    size = 1 + 4 * SPLITS + 1 + LEAVES * matrix
    trees = file.take(TREES * size).reshape(TREES, size)
    leaves = trees[:, 2 + 4 * SPLITS :].reshape(TREES * LEAVES, matrix)
    if (trees[:, 0] != SPLITS).any() or (trees[:, 1 + 4 * SPLITS] != LEAVES).any():
        raise ValueError(f"a tree has other than {SPLITS} splits")
    if (leaves[:, 0] != -2 * points).any() or (leaves[:, 1] != -1).any():
        raise ValueError("a leaf has another shape")
    splits = trees[:, 1 : 1 + 4 * SPLITS].reshape(TREES, SPLITS, 4).transpose(1, 0, 2).reshape(-1, 4)
    record["first"][level] = _below(PIXELS[points], splits[:, 0])
    record["second"][level] = _below(PIXELS[points], splits[:, 1])
    # differences of pixels are whole: they exceed a threshold where they exceed its floor
    record["thresholds"][level] = np.floor(_reals(splits[:, 2:].ravel()))
    record["leaves"][level] = _reals(leaves[:, 2:].ravel()).reshape(-1, 2 * points)


def _below(limit: int, indices: Whole) -> Whole:
    if (indices < 0).any() or (indices >= limit).any():
        raise ValueError(f"an index is not below {limit}")
    return indices
