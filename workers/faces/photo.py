"""A decoded photo, and how its pixels lie in the photo of the file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box, turned_back

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3), RGB, 0-255."""

Points = npt.NDArray[np.float32]
"""(68, 2) or (5, 2): x, y in the pixels of the picture, whole numbers."""


@dataclass(frozen=True)
class Photo:
    """Pixels, and the way from them to the file's upright photo at full size.

    Attributes:
        rgb: (height, width, 3) uint8, RGB, C-contiguous; upright unless `quarter_turns` says otherwise.
        scale: pixels of the full photo per pixel of `rgb`; 1 where it was decoded at full size.
        quarter_turns: of `numpy.rot90`, from the upright photo to `rgb`.
        note: the step of the retry ladder that made these pixels; empty for the photo as decoded.
    """

    rgb: Pixels
    scale: float = 1.0
    quarter_turns: int = 0
    note: str = ""

    def full_size_box(self, box: Box) -> tuple[int, int, int, int]:
        """A box in `rgb` as left, top, right, bottom in whole pixels of the full upright photo, ends inclusive.

        >>> Photo(np.zeros((30, 40, 3), np.uint8), quarter_turns=1).full_size_box(Box(0, 0, 9, 19))
        (10, 0, 29, 9)
        """
        corners = ((box.left, box.top), (box.right, box.bottom))
        ends = [turned_back(x, y, self.quarter_turns, *self._upright_size()) for x, y in corners]
        (left, right), (top, bottom) = (sorted(pair) for pair in zip(*ends, strict=True))
        return Box(left, top, right, bottom).scaled(self.scale).rounded()

    def full_size_points(self, points: Points) -> Points:
        """Points (count, 2) in `rgb` as x0 y0 x1 y1 ... in pixels of the full upright photo, (2 * count,) float32."""
        x, y = points.astype(np.float64).T
        upright = np.stack(turned_back(x, y, self.quarter_turns, *self._upright_size()), axis=1)
        return (upright * self.scale + (self.scale - 1) / 2).astype(np.float32).ravel()

    def points_here(self, full_size: Points) -> Points:
        """The inverse of `full_size_points` in the photo as decoded, which is not turned: (count, 2) float32."""
        exact = (full_size.astype(np.float64).reshape(-1, 2) - (self.scale - 1) / 2) / self.scale
        points: Points = exact.astype(np.float32)
        return points

    def _upright_size(self) -> tuple[int, int]:
        """Width and height of `rgb` before its quarter turns."""
        height, width = self.rgb.shape[:2]
        return (height, width) if self.quarter_turns % 2 else (width, height)
