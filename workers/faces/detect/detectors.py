"""The face detectors, by name.

A detector takes pixels (height, width, 3), RGB, uint8, and the longest side in pixels at which to look. It returns
detections in the pixels given, best first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from workers.faces.detect.blazeface import SIDE as BLAZEFACE_SIDE
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.cascade import Cascade, Detector, blaze_faces, joined
from workers.faces.detect.mmod import detect_mmod
from workers.faces.detect.yunet import detect_yunet
from workers.faces.models.model_files import model_path
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Pixels

YUNET_SIDE = 320
"""Longest side in pixels of the photo for YuNet: it finds faces of a thirtieth of that (docs/engine.md)."""

YUNET_SURE = 0.7
"""Score of YuNet below which the CNN looks as well."""


def load_detector(name: str, policy: str = "all", provider: str = "cpu") -> Detector:
    """The detector of a name that `EngineSettings.detector` allows; raises `EngineError` where a model file is missing.

    The policy is the cascade's: where one face counts ("largest", "central"), it stops at a large face that no smaller
    one can beat. The provider is that of `EngineSettings`.
    """
    loaders: dict[str, Callable[[], Detector]] = {
        "cascade": functools.partial(_load_cascade, policy, provider),
        "yunet-cascade": functools.partial(_load_yunet_cascade, provider),
        "blaze": _load_blaze,
        "yunet": _load_yunet,
        "cnn": functools.partial(_load_cnn, provider),
        "hog": _load_hog,
        "dlib-cnn": _load_dlib_cnn,
    }
    return loaders[name]()


def shrink(rgb: Pixels, side: int) -> tuple[Pixels, float]:
    """The photo reduced to at most `side` pixels a side, never enlarged; and the photo's pixels per pixel of it.

    >>> small, factor = shrink(np.zeros((100, 200, 3), np.uint8), 50)
    >>> small.shape, factor
    ((25, 50, 3), 4.0)
    """
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
def _load_cascade(policy: str, provider: str) -> Detector:
    """BlazeFace, then dlib's CNN where BlazeFace finds nothing or is unsure: the recall of both at little more cost."""
    return Cascade(session_of("blaze"), _load_cnn(provider), policy)


@functools.cache
def _load_yunet_cascade(provider: str) -> Detector:
    """YuNet, then dlib's CNN where YuNet finds nothing or is unsure."""
    light, thorough = _load_yunet(), _load_cnn(provider)

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        quick = light(rgb, side)
        is_sure = quick and all(face.score >= YUNET_SURE for face in quick)
        return quick if is_sure else joined(thorough(rgb, side), quick)

    return detect


@functools.cache
def _load_yunet() -> Detector:
    """YuNet alone, on the photo reduced to `YUNET_SIDE` pixels a side."""
    session = session_of("yunet")

    def detect(rgb: Pixels, _: int) -> list[Detection]:
        seen, factor = shrink(rgb, YUNET_SIDE)
        return [
            Detection(face.box.scaled(factor), face.score, "yunet", face.roll) for face in detect_yunet(session, seen)
        ]

    return detect


@functools.cache
def _load_blaze() -> Detector:
    """BlazeFace alone, on the whole photo at 192 x 192 pixels whatever the side."""
    session = session_of("blaze")

    def detect(rgb: Pixels, _: int) -> list[Detection]:
        return blaze_faces(session, rgb, BLAZEFACE_SIDE)

    return detect


@functools.cache
def _load_cnn(provider: str) -> Detector:
    """dlib's max-margin CNN detector in ONNX Runtime: the same boxes and scores in a twentieth of the time."""
    session = session_of("mmod", provider)

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        seen, factor = shrink(rgb, side)
        return [Detection(box.scaled(factor), score, "cnn") for box, score in detect_mmod(session, seen)]

    return detect


@functools.cache
def hog_filters() -> Any:
    """dlib's HOG detector itself, one a process: `run(rgb, upsamplings, threshold)`."""
    import dlib

    return dlib.get_frontal_face_detector()


@functools.cache
def _load_hog() -> Detector:
    """dlib's frontal face detector: 5 HOG filters, faces of 80 pixels and more (Dalal and Triggs, 2005)."""
    hog = hog_filters()

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        seen, factor = shrink(rgb, side)
        boxes, scores, _ = hog.run(seen, 0, 0.0)
        return [
            Detection(Box.from_dlib(box).scaled(factor), score, "hog") for box, score in zip(boxes, scores, strict=True)
        ]

    return detect


@functools.cache
def _load_dlib_cnn() -> Detector:
    """dlib's max-margin CNN detector in dlib itself: the reference for "cnn" (King, arXiv:1502.00046)."""
    import dlib

    cnn = dlib.cnn_face_detection_model_v1(str(model_path("mmod")))

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        seen, factor = shrink(rgb, side)
        return [Detection(Box.from_dlib(one.rect).scaled(factor), one.confidence, "dlib-cnn") for one in cnn(seen, 0)]

    return detect
