"""YuNet, a detector of small and large faces in one run (Wu, Peng and Yu, Machine Intelligence Research 2023).

It scores a box at every eighth, sixteenth and thirty-second pixel and finds faces from some ten pixels on, so a photo
is reduced as far as its smallest face allows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workers.faces.detect.boxes import Box, overlap
from workers.faces.models.yunet_files import STRIDES
from workers.faces.photo import Pixels

LEAST_SCORE = 0.6
"""Below it a box is dropped. At 0.5 it finds no further true face in 208 web photos (docs/engine.md)."""

SAME_FACE = 0.3
"""Overlap above which two boxes are one face; OpenCV's default."""

ALIGNED = 32
"""Height and width of the input are multiples of it."""


class YunetFace(NamedTuple):
    """A face that the network found.

    Attributes:
        box: in the pixels given.
        score: 0 to 1.
        roll: clockwise lean of the line from eye to eye, degrees, -180 to 180. Of a sideways face it is wrong.
    """

    box: Box
    score: float
    roll: float


def detect_yunet(session: Any, rgb: Pixels, least: float = LEAST_SCORE) -> list[YunetFace]:
    """Detect faces with YuNet, as `cv2.FaceDetectorYN` does.

    Args:
        session: of the model "yunet".
        rgb: (height, width, 3) uint8, RGB; processed at its own size.
        least: score below which a box is dropped.

    Returns:
        The faces, best first; overlapping boxes are suppressed.
    """
    height, width = rgb.shape[:2]
    padded = np.zeros((-(-height // ALIGNED) * ALIGNED, -(-width // ALIGNED) * ALIGNED, 3), np.float32)
    padded[:height, :width] = rgb[..., ::-1]
    names = [each.name for each in session.get_outputs()]
    found = session.run(names, {"input": np.ascontiguousarray(padded.transpose(2, 0, 1)[None])})
    outputs = {name: values[0] for name, values in zip(names, found, strict=True)}
    faces = [face for stride in STRIDES for face in _decoded(outputs, stride, padded.shape[1] // stride, least)]
    kept: list[YunetFace] = []
    for face in sorted(faces, key=lambda one: -one.score):
        if all(overlap(face.box, other.box) <= SAME_FACE for other in kept):
            kept.append(face)
    return kept


def _decoded(outputs: dict[str, npt.NDArray[np.float32]], stride: int, columns: int, least: float) -> list[YunetFace]:
    """The boxes of one stride whose score, the root of class times objectness, is high enough."""
    likely = outputs[f"cls_{stride}"][:, 0].clip(0, 1) * outputs[f"obj_{stride}"][:, 0].clip(0, 1)
    scores = np.sqrt(likely.astype(np.float64))
    faces = []
    for anchor in np.nonzero(scores >= least)[0].tolist():
        row, column = divmod(anchor, columns)
        right, down, wide, high = (float(value) for value in outputs[f"bbox_{stride}"][anchor])
        x, y = (column + right) * stride, (row + down) * stride
        across, along = math.exp(wide) * stride / 2, math.exp(high) * stride / 2
        points = outputs[f"kps_{stride}"][anchor]  # x, y of the eyes, first the one at the left of an upright picture
        roll = math.degrees(math.atan2(float(points[3] - points[1]), float(points[2] - points[0])))
        faces.append(YunetFace(Box(x - across, y - along, x + across - 1, y + along - 1), float(scores[anchor]), roll))
    return faces
