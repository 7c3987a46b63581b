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
from workers.faces.detect.blazeface import Halved, detect_blazeface, halved
from workers.faces.detect.boxes import Box, Detection, overlap
from workers.faces.detect.mmod import detect_mmod
from workers.faces.detect.select_faces import centrality
from workers.faces.detect.yunet import detect_yunet
from workers.faces.models.model_files import model_path
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Pixels

SURE_SCORE = 0.55
"""Of BlazeFace: below it the CNN looks as well. At 0.6 the CNN looks at eleven of 208 web photos instead of five, and
no further face is found."""

SURE_SIZE = 1 / 12
"""Of the photo's longest side: a face of this size is at BlazeFace's limit, and it may miss smaller ones."""

GLANCE_SIDE = 96
"""Pixels a side of BlazeFace's first, small input where only the largest face counts: a quarter of the cost."""

GLANCE_SIZE = 1 / 4
"""Of the photo's longest side: such a face has 24 pixels in the small input, and its box is as good as at full size.
docs/engine.md says what a smaller limit costs."""

YUNET_SIDE = 320
"""Longest side in pixels of the photo for YuNet: it finds faces of a thirtieth of that (docs/engine.md)."""

YUNET_SURE = 0.7
"""Score of YuNet below which the CNN looks as well."""

SAME_FACE = 0.3
"""Overlap at which two detectors have found one face."""

Detector = Callable[[Pixels, int], list[Detection]]
"""(rgb, longest side in pixels at which to look) -> detections."""


def load_detector(name: str, policy: str = "all") -> Detector:
    """The detector of a name that `EngineSettings.detector` allows; raises `EngineError` where a model file is missing.

    Where one face counts ("largest", "central"), the cascade stops at a large face that no smaller one can beat.
    """
    loaders: dict[str, Callable[[], Detector]] = {
        "cascade": _GLANCING.get(policy, _load_cascade),
        "yunet-cascade": _load_yunet_cascade,
        "blaze": _load_blaze,
        "yunet": _load_yunet,
        "cnn": _load_cnn,
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


def _is_sure(found: list[Detection], rgb: Pixels, size: float) -> bool:
    smallest = max(rgb.shape[:2]) * size
    return bool(found) and all(face.score >= SURE_SCORE and face.box.width >= smallest for face in found)


def _blaze_faces(session: Any, photo: Pixels | Halved, side: int) -> list[Detection]:
    return [Detection(face.box, face.score, "blaze", face.roll) for face in detect_blazeface(session, photo, side)]


def _is_most_central(found: list[Detection], rgb: Pixels) -> bool:
    """Whether one of the faces is more central than any face below `GLANCE_SIZE` could be, were it in the middle."""
    height, width = rgb.shape[:2]
    best = max(centrality(face.box, (width, height)) for face in found)
    smaller: float = (max(height, width) * GLANCE_SIZE) ** 2
    return best >= smaller


@functools.cache
def _load_largest_cascade() -> Detector:
    """The cascade with a first look at low resolution: a large, certain face there is enough."""
    return _with_glance(lambda found, rgb: _is_sure(found, rgb, GLANCE_SIZE))


@functools.cache
def _load_central_cascade() -> Detector:
    """The same; the face must be near the middle as well."""
    return _with_glance(lambda found, rgb: _is_sure(found, rgb, GLANCE_SIZE) and _is_most_central(found, rgb))


def _with_glance(is_enough: Callable[[list[Detection], Pixels], bool]) -> Detector:
    session, thorough = session_of("blaze"), _load_cnn()

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        small = halved(rgb, BLAZEFACE_SIDE)
        glance = _blaze_faces(session, small, GLANCE_SIDE)
        if is_enough(glance, rgb):
            return glance
        quick = _blaze_faces(session, small, BLAZEFACE_SIDE)
        return quick if _is_sure(quick, rgb, SURE_SIZE) else _joined(thorough(rgb, side), quick)

    return detect


@functools.cache
def _load_cascade() -> Detector:
    """BlazeFace, then dlib's CNN where BlazeFace finds nothing or is unsure: the recall of both at little more cost."""
    return _cascaded(_load_blaze(), lambda found, rgb: _is_sure(found, rgb, SURE_SIZE))


@functools.cache
def _load_yunet_cascade() -> Detector:
    """YuNet, then dlib's CNN where YuNet finds nothing or is unsure."""
    return _cascaded(_load_yunet(), lambda found, _: bool(found) and all(face.score >= YUNET_SURE for face in found))


def _cascaded(light: Detector, is_enough: Callable[[list[Detection], Pixels], bool]) -> Detector:
    thorough = _load_cnn()

    def detect(rgb: Pixels, side: int) -> list[Detection]:
        quick = light(rgb, side)
        return quick if is_enough(quick, rgb) else _joined(thorough(rgb, side), quick)

    return detect


def _joined(found: list[Detection], quick: list[Detection]) -> list[Detection]:
    """What the thorough detector found, and what the light one found elsewhere."""
    return found + [face for face in quick if all(overlap(face.box, one.box) < SAME_FACE for one in found)]


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
        return _blaze_faces(session, rgb, BLAZEFACE_SIDE)

    return detect


@functools.cache
def _load_cnn() -> Detector:
    """dlib's max-margin CNN detector in ONNX Runtime: the same boxes and scores in a twentieth of the time."""
    session = session_of("mmod")

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


_GLANCING: dict[str, Callable[[], Detector]] = {"largest": _load_largest_cascade, "central": _load_central_cascade}
