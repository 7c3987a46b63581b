"""Facial landmarks: 68 points in the order of the iBUG 300-W annotation, or 5.

The model is dlib's ensemble of regression trees (Kazemi and Sullivan, CVPR 2014). It was trained on boxes of dlib's
HOG detector, so its accuracy depends on the box: see `refine_box`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from workers.faces.detect.boxes import Box
from workers.faces.models.model_files import model_path
from workers.faces.photo import Pixels, Points

LandmarkFinder = Callable[[Pixels, Box], Points]


@functools.cache
def load_landmarks(count: str) -> LandmarkFinder:
    """The finder of "68" or "5" points; raises `EngineError` where the model file is missing.

    The finder takes pixels (height, width, 3) uint8 RGB and a box in them, and returns (68, 2) or (5, 2) float32.
    """
    import dlib

    predictor = dlib.shape_predictor(str(model_path(f"landmarks-{count}")))

    def find(rgb: Pixels, box: Box) -> Points:
        shape = predictor(rgb, dlib.rectangle(*box.rounded()))
        return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float32)

    return find
