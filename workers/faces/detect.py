"""Where are faces? Every detector by name, behind one call.

A detector takes RGB uint8 pixels and a longest side, and gives detections in the pixels that it was given, best first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from workers.faces.geometry import Box, Detection
from workers.faces.images import Pixels
from workers.faces.models import model_path

Detector = Callable[[Pixels, int], list[Detection]]
"""(rgb, longest side in pixels at which to look) -> detections."""


def load_detector(name: str) -> Detector:
    """A detector by its name in `settings.CHOICES`; loads what it needs."""
    return {"hog": _load_hog, "dlib-cnn": _load_dlib_cnn}[name]()


def shrink(rgb: Pixels, side: int) -> tuple[Pixels, float]:
    """The photo with at most `side` pixels a side, and how many of its pixels go into one of those."""
    import cv2

    height, width = rgb.shape[:2]
    factor = max(height, width) / side
    if factor <= 1:
        return rgb, 1.0
    # Detectors look at features of ten pixels and more: linear is as good as area averaging up to a factor of two.
    way = cv2.INTER_LINEAR if factor < 2 else cv2.INTER_AREA
    smaller = cv2.resize(rgb, (round(width / factor), round(height / factor)), interpolation=way)
    return np.asarray(smaller, dtype=np.uint8), factor


@functools.cache
def _load_hog() -> Detector:
    """dlib's frontal face detector: 5 HOG filters, a face of 80 pixels and more (Dalal and Triggs, 2005)."""
    import dlib

    hog = dlib.get_frontal_face_detector()

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        seen, factor = shrink(rgb, side)
        boxes, scores, _ = hog.run(seen, 0, 0.0)
        return [Detection(_box_of(box).scaled(factor), score, "hog") for box, score in zip(boxes, scores, strict=True)]

    return detect


@functools.cache
def _load_dlib_cnn() -> Detector:
    """dlib's max-margin CNN detector, run by dlib itself: the reference for `cnn` (King, arXiv:1502.00046)."""
    import dlib

    cnn = dlib.cnn_face_detection_model_v1(str(model_path("mmod")))

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        seen, factor = shrink(rgb, side)
        return [Detection(_box_of(one.rect).scaled(factor), one.confidence, "dlib-cnn") for one in cnn(seen, 0)]

    return detect


def _box_of(rectangle: object) -> Box:
    return Box(*(float(getattr(rectangle, side)()) for side in ("left", "top", "right", "bottom")))
