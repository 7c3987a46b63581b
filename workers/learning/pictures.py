"""Pictures of faces that are decoded a few at a time.

Indexing gives fewer `Pictures` and decodes nothing; `numpy.asarray` decodes. So a split of a million faces, and each
part of it, takes 8 bytes a face, and a batch 49 kB a face.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.learning.arrays import Array

SIDE = 128
BLOCK = 256
"""Pictures that are decoded together where all are read: 13 MB."""


class Pictures:
    """N pictures of faces, (N, 128, 128, 3) uint8 RGB, 0 to 255.

    Args:
        source: JPEGs of that size, or the decoded pictures, or `TwoSources`.
        rows: the numbers of those that are meant, in that order; None for all.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self, source: Sequence[bytes | None] | npt.NDArray[np.uint8] | TwoSources, rows: Array | None = None
    ) -> None:
        self._source = source
        self._rows = np.arange(len(source)) if rows is None else rows

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, 128, 128, 3)."""
        return len(self._rows), SIDE, SIDE, 3

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: Array | slice) -> Pictures:
        """The pictures of these rows: row numbers, flags (N,) bool, or a slice."""
        return Pictures(self._source, self._rows[rows])

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[np.uint8]:
        """All of them, decoded."""
        if copy is False:
            raise ValueError("pictures are decoded into a new array")
        if isinstance(self._source, np.ndarray):
            decoded: npt.NDArray[np.uint8] = self._source[self._rows]
        elif isinstance(self._source, TwoSources):
            decoded = self._source.decoded(self._rows)
        else:
            decoded = decode_jpegs([self._source[row] for row in self._rows.tolist()])
        return decoded if dtype is None else decoded.astype(dtype, copy=False)


@dataclass(frozen=True)
class TwoSources:
    """The pictures `first`, and behind them the pictures `second`; none is decoded before it is asked for."""

    first: Pictures
    second: Pictures

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def decoded(self, rows: Array) -> npt.NDArray[np.uint8]:
        """The pictures of these row numbers, (M, 128, 128, 3)."""
        found = np.empty((len(rows), SIDE, SIDE, 3), np.uint8)
        behind = rows >= len(self.first)
        found[~behind] = np.asarray(self.first[rows[~behind]])
        found[behind] = np.asarray(self.second[rows[behind] - len(self.first)])
        return found


def picture_blocks(pictures: Array | Pictures) -> Iterator[npt.NDArray[np.uint8]]:
    """Pictures (N, 128, 128, 3) uint8 as arrays of BLOCK at most; at least one array, which may be empty."""
    for start in range(0, max(1, len(pictures)), BLOCK):
        yield np.asarray(pictures[start : start + BLOCK])


def decode_jpegs(jpegs: Sequence[bytes | None]) -> npt.NDArray[np.uint8]:
    """Decode JPEGs that the face engine wrote: (N, 128, 128, 3) uint8 RGB.

    Raises:
        ValueError: a picture is missing.
    """
    import cv2

    pictures = np.empty((len(jpegs), SIDE, SIDE, 3), np.uint8)
    for row, jpeg in enumerate(jpegs):
        if jpeg is None:
            raise ValueError("the picture of a face is missing")
        pictures[row] = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB))
    return pictures
