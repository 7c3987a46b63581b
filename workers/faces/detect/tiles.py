"""Small faces: a light detector in overlapping tiles of a photo at several sizes.

A photo seen whole shows a face from about a twelfth of its longest side on. In tiles the smallest face is a number of
pixels, and time grows with the photo's area.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from workers.faces.detect.blazeface import SIDE as BLAZEFACE_SIDE
from workers.faces.detect.blazeface import BlazeFace, detect_blazeface
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.detectors import YUNET_SIDE
from workers.faces.detect.yunet import YunetFace, detect_yunet
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Pixels

TILE = 384
"""Pixels a side of a tile. Of 192, 384, 768 and 1152 BlazeFace is fastest per pixel at 384."""

SMALLEST_SEEN = {"blaze": 32, "yunet": 16}
"""Detector: pixels of a face in a tile at which it finds nearly as many as at half as much again (docs/engine.md)."""

SEEN_AT_ONCE = {"blaze": BLAZEFACE_SIDE, "yunet": YUNET_SIDE}
"""Detector: longest side of a photo that it sees whole; tiles of it would show nothing new."""

OVERLAP = 96
"""Pixels that two neighbours share: a face that the next coarser size finds less well, with its margin."""

COARSER = 2.0
"""From one size of the photo to the next."""

KEPT = 0.75
"""Of the smallest width that is asked for: the network's boxes err so much. Smaller faces are left out, since their
measurements tell little (docs/engine.md)."""

LARGEST_SCALE = 2.0
"""To which a photo is enlarged at most, for faces below SMALLEST_SEEN."""

SAME_FACE = 0.4
"""Shared part of the smaller of two boxes from which both show one face; a tile that cuts a face may show it aside."""


def search_tiles(name: str, rgb: Pixels, smallest: float) -> list[Detection]:
    """Faces of at least so many pixels, in the pixels of `rgb`, best first; overlapping boxes are suppressed.

    Args:
        name: of the detector, "blaze" or "yunet".
        rgb: (height, width, 3) uint8, RGB.
        smallest: width of the smallest face to be found, pixels of `rgb`. Where the whole photo shows it, there are no
            tiles and no faces.
    """
    faces = []
    for scale in _scales(name, max(rgb.shape[:2]), smallest):
        height, width = (max(round(length * scale), 1) for length in rgb.shape[:2])
        for left, top in product(_starts(width), _starts(height)):
            tile = _tile(rgb, scale, (left, top), (min(TILE, width), min(TILE, height)))
            for face in _detect(name, tile):
                if not _is_cut(face.box, tile, (left, top), (width, height)):
                    box = face.box.shifted(left, top).scaled(1 / scale)
                    faces.append(Detection(box, face.score, name, face.roll))
    return [face for face in without_repeats(faces) if face.box.width >= KEPT * smallest]


def without_repeats(faces: list[Detection]) -> list[Detection]:
    """The faces by falling score without those whose box mostly covers, or lies in, the box of a better one."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda one: (-one.score, one.box.left, one.box.top)):
        if all(shared_part(face.box, other.box) < SAME_FACE for other in kept):
            kept.append(face)
    return kept


def shared_part(one: Box, other: Box) -> float:
    """Intersection over the smaller area, 0 to 1.

    >>> shared_part(Box(0, 0, 9, 9), Box(0, 0, 4, 4))
    1.0
    """
    width = min(one.right, other.right) - max(one.left, other.left) + 1
    height = min(one.bottom, other.bottom) - max(one.top, other.top) + 1
    return max(width, 0.0) * max(height, 0.0) / min(one.area, other.area)


def _detect(name: str, tile: Pixels) -> list[BlazeFace] | list[YunetFace]:
    if name == "yunet":
        return detect_yunet(session_of(name), tile)
    return detect_blazeface(session_of(name), tile, TILE)


def _scales(name: str, longest: int, smallest: float) -> Iterator[float]:
    """Sizes of the photo in which tiles are searched, the largest first, down to the whole photo in one input."""
    scale = min(SMALLEST_SEEN[name] / smallest, LARGEST_SCALE)
    while scale * longest > SEEN_AT_ONCE[name]:
        yield scale
        scale /= COARSER


def _tile(rgb: Pixels, scale: float, start: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """A tile of the photo at a scale; the whole photo at that scale would take more memory."""
    import cv2

    left, top, right, bottom = (
        round(place / scale) for place in (*start, *(first + length for first, length in zip(start, size, strict=True)))
    )
    part = rgb[top : max(bottom, top + 1), left : max(right, left + 1)]
    if scale == 1:
        return np.ascontiguousarray(part)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, size, interpolation=way), dtype=np.uint8)


def _starts(length: int) -> list[int]:
    """First pixels of the tiles along one side, evenly spread; neighbours share at least OVERLAP pixels."""
    if length <= TILE:
        return [0]
    count = math.ceil((length - OVERLAP) / (TILE - OVERLAP))
    return [round(index * (length - TILE) / (count - 1)) for index in range(count)]


def _is_cut(box: Box, tile: Pixels, start: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a box crosses an edge of its tile, but not of the photo of that size: a neighbour has the whole face."""
    (height, width), (columns, rows), (left, top) = tile.shape[:2], size, start
    return (
        (box.left < 0 < left)
        or (box.top < 0 < top)
        or (box.right > width - 1 and left + width < columns)
        or (box.bottom > height - 1 and top + height < rows)
    )
