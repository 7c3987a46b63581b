"""Detection with retries: where no face is found, look again in an enlarged or turned photo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from storage.engine_settings import EngineSettings
from workers.faces.detect.boxes import Detection
from workers.faces.detect.detectors import Detector
from workers.faces.photo import Photo, Pixels

LARGEST_SIDE = 2560
"""Bound of the upsampled photo, pixels a side: the detectors' memory grows with the picture."""


def find_faces(photo: Photo, detect: Detector, settings: EngineSettings) -> tuple[Photo, list[Detection]]:
    """Detect faces; without success, try each rung of `settings.ladder` until one has a face.

    Returns:
        The photo in whose pixels the boxes are meant: the one given, or the first enlarged or turned one with a face,
        whose `note` names the rung. The detections are empty where no rung has a face.
    """
    found = detect(photo.rgb, settings.detect_side)
    if found:
        return photo, found
    for other, side in _retries(photo, settings):
        found = detect(other.rgb, side)
        if found:
            return other, found
    return photo, []


def _retries(photo: Photo, settings: EngineSettings) -> Iterator[tuple[Photo, int]]:
    """The photo of each rung, and the longest side in pixels at which to detect in it."""
    for rung in settings.ladder:
        if rung == "upsample":
            larger = _doubled(photo.rgb)
            factor = larger.shape[1] / photo.rgb.shape[1]
            yield Photo(larger, photo.scale / factor, note="upsampled"), 2 * settings.detect_side
        else:
            for turns in (1, 3, 2):  # a phone on its side is likelier than one upside down
                turned = np.ascontiguousarray(np.rot90(photo.rgb, turns))
                note = f"rotated {90 * turns}"
                yield replace(photo, rgb=turned, quarter_turns=turns, note=note), settings.detect_side


def _doubled(rgb: Pixels) -> Pixels:
    """Twice the size where that stays within `LARGEST_SIDE`; else as it is, for detection at full size."""
    import cv2

    if 2 * max(rgb.shape[:2]) > LARGEST_SIDE:
        return rgb
    return np.asarray(cv2.resize(rgb, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
