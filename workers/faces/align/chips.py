"""The three pictures of a face.

crop       the detector's box, as it is
aligned    rotated, scaled and sheared so that both eyes and the lips lie at `TARGET`
chip       dlib's: rotated and scaled only, as in the encoder's training
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storage.schemas import CHIP_SIDE
from workers.faces.detect.boxes import Box
from workers.faces.photo import Pixels, Points

ENCODER_SIDE = 150
"""The encoder's input, pixels a side."""

ENCODER_PADDING = 0.25
"""Margin around the face, in its size, as in the encoder's training."""

LEFT_EYE, RIGHT_EYE, LIPS = slice(36, 42), slice(42, 48), slice(48, 68)

TARGET = np.array([[0.33, 0.38], [0.67, 0.38], [0.50, 0.74]]) * CHIP_SIDE
"""Centres of the eye at the picture's left, of the other eye and of the lips in the aligned picture: x, y in pixels."""

STRETCH_LIMIT = 1.6
"""Largest ratio of the affine fit's two scales. In a profile the eyes nearly coincide, and the fit would stretch the
face; frontal faces stay under 1.3."""

Matrix = npt.NDArray[np.float64]
"""(2, 3): affine map from a photo's pixels to a chip's."""


@dataclass(frozen=True)
class Alignment:
    """The map from a photo to an aligned face.

    Attributes:
        matrix: (2, 3) float64, from the photo's pixels to the chip's.
        note: empty for the affine fit, "similarity fit" where the affine fit is degenerate.
    """

    matrix: Matrix
    note: str


def fit_alignment(points: Points) -> Alignment:
    """Fit the affine map that puts the centres of both eyes and the lips at `TARGET`.

    Args:
        points: (68, 2) float32, x and y in pixels.

    Returns:
        The affine map; a similarity (no shear) where the three centres nearly lie on a line.

    >>> points = np.zeros((68, 2), np.float32)
    >>> points[LEFT_EYE], points[RIGHT_EYE], points[LIPS] = (100, 100), (140, 106), (118, 145)
    >>> alignment = fit_alignment(points)
    >>> np.round(alignment.matrix @ [100, 100, 1], 2).tolist(), alignment.note
    ([42.24, 48.64], '')
    """
    homogeneous = np.ones((3, 3))
    anchors = homogeneous[:, :2]
    for row, part in enumerate((LEFT_EYE, RIGHT_EYE, LIPS)):
        points[part].mean(axis=0, dtype=np.float64, out=anchors[row])
    if abs(_area(anchors[1] - anchors[0], anchors[2] - anchors[0])) > 1e-6:
        matrix = np.linalg.solve(homogeneous, TARGET).T
        # with the two scales s >= t > 0: s s + t t <= (limit + 1 / limit) s t exactly where s / t <= limit
        if (matrix[:, :2] ** 2).sum() <= (STRETCH_LIMIT + 1 / STRETCH_LIMIT) * _area(matrix[0], matrix[1]):
            return Alignment(matrix, "")
    return Alignment(fit_similarity(anchors, TARGET), "similarity fit")


def align_face(rgb: Pixels, how: Alignment) -> Pixels:
    """The aligned picture of a face, (128, 128, 3) uint8, RGB; outside of the photo its edge is repeated.

    Args:
        rgb: (height, width, 3) uint8, RGB.
        how: from `fit_alignment`.
    """
    return warp(rgb, how.matrix, CHIP_SIDE)


def crop_face(rgb: Pixels, box: Box) -> Pixels:
    """The detector's box as (128, 128, 3) uint8, RGB, stretched where it is not square; `rgb` as in `align_face`.

    >>> photo = np.zeros((100, 100, 3), np.uint8)
    >>> photo[20:60, 30:70] = 255
    >>> picture = crop_face(photo, Box(30, 20, 69, 59))
    >>> picture.shape, int(picture[64, 64, 0])
    ((128, 128, 3), 255)
    """
    across, down = CHIP_SIDE / box.width, CHIP_SIDE / box.height
    # The box's outer edges map to the chip's: half a pixel beyond the centres of its first and last pixels.
    matrix = np.array(
        [
            [across, 0.0, across * (0.5 - box.left) - 0.5],
            [0.0, down, down * (0.5 - box.top) - 0.5],
        ]
    )
    return warp(rgb, matrix, CHIP_SIDE)


def encoder_chip(rgb: Pixels, points: Points) -> Pixels:
    """dlib's face chip, (150, 150, 3) uint8, RGB: the only input that the encoder was trained on.

    Args:
        rgb: (height, width, 3) uint8, RGB.
        points: (68, 2) or (5, 2) float32, x and y in pixels of `rgb`.
    """
    import dlib

    whole = [dlib.point(x, y) for x, y in points.astype(int).tolist()]
    shape = dlib.full_object_detection(dlib.rectangle(), whole)  # the points decide, the box does not
    return np.asarray(dlib.get_face_chip(rgb, shape, ENCODER_SIDE, ENCODER_PADDING), dtype=np.uint8)


def fit_similarity(anchors: Matrix, target: Matrix) -> Matrix:
    """Least-squares rotation, scale and shift, (2, 3) (Umeyama, PAMI 1991), as one complex division.

    Args:
        anchors, target: (count, 2) float64, at least two places and where each shall lie.

    >>> np.round(fit_similarity(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[5.0, 5.0], [5.0, 7.0]])), 6).tolist()
    [[0.0, -2.0, 5.0], [2.0, 0.0, 5.0]]
    """
    source = anchors[:, 0] + 1j * anchors[:, 1]
    aim = target[:, 0] + 1j * target[:, 1]
    moved, aimed = source - source.mean(), aim - aim.mean()
    spread = float((abs(moved) ** 2).sum())
    turn = complex((moved.conj() * aimed).sum()) / spread if spread > 1e-6 else 1 + 0j
    shift = complex(aim.mean()) - turn * complex(source.mean())
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _area(one: Matrix, other: Matrix) -> float:
    """Signed, of the parallelogram of two vectors: of a matrix's rows, its determinant."""
    return float(one[0] * other[1] - one[1] * other[0])


def warp(rgb: Pixels, matrix: Matrix, side: int) -> Pixels:
    """Draw a chip, (side, side, 3) uint8, RGB; outside of the photo its edge is repeated.

    A face of more than twice the chip's size is first reduced by averaging, so that no pixel is skipped.

    Args:
        rgb: (height, width, 3) uint8, RGB.
        matrix: (2, 3), from the photo's pixels to the chip's.
    """
    import cv2

    scale = abs(_area(matrix[0], matrix[1])) ** 0.5
    if scale < 0.5:
        rgb, matrix = _reduced(rgb, matrix, int(1 / scale), side)
    chip = cv2.warpAffine(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(chip, dtype=np.uint8)


def _reduced(rgb: Pixels, matrix: Matrix, factor: int, side: int) -> tuple[Pixels, Matrix]:
    """The part of the photo that the chip shows, averaged in blocks of factor x factor; and the matrix from there."""
    import cv2

    height, width = rgb.shape[:2]
    linear, shift = matrix[:, :2], matrix[:, 2]
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]], dtype=np.float64)
    shown = (corners - shift) @ np.linalg.inv(linear).T
    left, top = np.clip(np.floor(shown.min(axis=0)).astype(int) - factor, 0, [width - factor, height - factor])
    right, bottom = np.clip(
        np.ceil(shown.max(axis=0)).astype(int) + factor, [left + factor, top + factor], [width, height]
    )
    columns, rows = (right - left) // factor, (bottom - top) // factor
    part = rgb[top : top + rows * factor, left : left + columns * factor]
    smaller = cv2.resize(part, (int(columns), int(rows)), interpolation=cv2.INTER_AREA)
    first = np.array([left, top]) + (factor - 1) / 2  # the smaller picture's first pixel, in the photo
    matrix_there = np.column_stack([linear * factor, linear @ first + shift])
    return np.asarray(smaller, dtype=np.uint8), matrix_there
