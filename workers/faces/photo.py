"""A decoded photo, and how its pixels lie in the photo of the file."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box

Pixels = npt.NDArray[np.uint8]
"""(height, width, 3), RGB, 0-255."""

Points = npt.NDArray[np.float32]
"""(68, 2) or (5, 2): x, y in the pixels of the picture, whole numbers."""

Way = npt.NDArray[np.float64]
"""(2, 3): affine map from one picture's pixels to another's."""


@dataclass(frozen=True, eq=False)
class Photo:
    """Pixels, and the way from them to the file's upright photo at full size.

    Attributes:
        rgb: (height, width, 3) uint8, RGB, C-contiguous; as the file shows it unless `turned` says otherwise.
        scale: pixels of the full photo per pixel of the decoded one; 1 where it was decoded at full size.
        turned: degrees counter-clockwise by which the decoded photo was turned to give `rgb`, from -180 up.
        way: from `rgb` to the decoded photo; None where they are the same picture.
        note: what the detector has to say of these pixels; may be empty.
        reading: what the file lacks (it is cut); empty for a whole one.
    """

    rgb: Pixels
    scale: float = 1.0
    turned: float = 0.0
    way: Way | None = None
    note: str = ""
    reading: str = ""

    def full_size_box(self, box: Box) -> tuple[int, int, int, int]:
        """A box in `rgb` as left, top, right, bottom in whole pixels of the full upright photo, ends inclusive.

        The box of a face that was turned by some other angle than a quarter keeps its centre and its size.

        >>> photo = Photo(np.zeros((40, 30, 3), np.uint8))
        >>> photo.quarter_turned(1).full_size_box(Box(0, 0, 9, 19))
        (10, 0, 29, 9)
        """
        return self.full_box(box).rounded()

    def full_box(self, box: Box) -> Box:
        """A box in `rgb` as a box in the full upright photo."""
        return self.decoded_box(box).scaled(self.scale)

    def decoded_box(self, box: Box) -> Box:
        """A box in `rgb` as a box in the decoded photo."""
        return box if self.way is None else self._mapped(box, self.way)

    def box_here(self, box: Box) -> Box:
        """A box in the decoded photo as a box in `rgb`: the inverse of `decoded_box`."""
        if self.way is None:
            return box
        back = np.linalg.inv(self.way[:, :2])
        return self._mapped(box, np.column_stack([back, -back @ self.way[:, 2]]))

    def _mapped(self, box: Box, way: Way) -> Box:
        x, y = way @ [*box.centre, 1.0]
        size = abs(float(np.linalg.det(way[:, :2]))) ** 0.5
        sideways = round(self.turned / 90) % 2  # width and height change places
        width, height = (box.height, box.width) if sideways else (box.width, box.height)
        across, down = (size * width - 1) / 2, (size * height - 1) / 2
        return Box(float(x) - across, float(y) - down, float(x) + across, float(y) + down)

    def full_size_points(self, points: Points) -> Points:
        """Points (count, 2) in `rgb` as x0 y0 x1 y1 ... in pixels of the full upright photo, (2 * count,) float32."""
        decoded = points.astype(np.float64)
        if self.way is not None:
            decoded = decoded @ self.way[:, :2].T + self.way[:, 2]
        return (decoded * self.scale + (self.scale - 1) / 2).astype(np.float32).ravel()

    def points_here(self, full_size: Points) -> Points:
        """The inverse of `full_size_points` in the photo as decoded, which is not turned: (count, 2) float32."""
        exact = (full_size.astype(np.float64).reshape(-1, 2) - (self.scale - 1) / 2) / self.scale
        points: Points = exact.astype(np.float32)
        return points

    def quarter_turned(self, turns: int) -> Photo:
        """This photo after so many quarter turns counter-clockwise; no pixel changes."""
        height, width = self.rgb.shape[:2]
        ways = {
            1: [[0, -1, width - 1], [1, 0, 0]],
            2: [[-1, 0, width - 1], [0, -1, height - 1]],
            3: [[0, 1, 0], [-1, 0, height - 1]],
        }
        if turns % 4 == 0:
            return self
        turned = np.ascontiguousarray(np.rot90(self.rgb, turns))
        return self.onward(turned, np.array(ways[turns % 4], np.float64), 90.0 * (turns % 4))

    def part(self, box: Box, times: float) -> tuple[Photo, Box]:
        """A copy of a box's surroundings, `times` its sides where the photo has them; and the box there."""
        x, y = box.centre
        half = times * max(box.width, box.height) / 2
        left, top = max(int(x - half), 0), max(int(y - half), 0)
        rgb = self.rgb[top : max(int(y + half) + 1, top + 1), left : max(int(x + half) + 1, left + 1)].copy()
        way = np.array([[1.0, 0.0, left], [0.0, 1.0, top]])
        return self.onward(rgb, way, 0.0), box.shifted(-left, -top)

    def onward(self, rgb: Pixels, way: Way, degrees: float) -> Photo:
        """A picture made from this one, turned counter-clockwise by so many degrees.

        Args:
            rgb: its pixels, (height, width, 3) uint8, RGB.
            way: from its pixels to this photo's.
        """
        if self.way is not None:
            way = self.way @ np.vstack([way, [0.0, 0.0, 1.0]])
        return replace(self, rgb=rgb, way=way, turned=(self.turned + degrees + 180) % 360 - 180)
