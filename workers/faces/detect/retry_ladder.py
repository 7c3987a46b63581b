"""Look for faces; where there is none, try again in other ways, and say which way it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from workers.faces.decode.read_image import Photo, Pixels
from workers.faces.detect.boxes import Detection
from workers.faces.detect.detectors import Detector
from workers.faces.engine_settings import EngineSettings
from workers.faces.records import Frame

LARGEST_SIDE = 2560
"""Bound of the upsampled rung, pixels a side: the detectors' memory grows with the picture."""


@dataclass(frozen=True)
class Sight:
    """A picture and the faces seen in it.

    Attributes:
        rgb: the pixels in which the boxes are meant; perhaps upsampled or turned.
        frame: the way back to the full photo's pixels.
        found: the detections; perhaps none.
        note: the rung of the ladder, empty for the first look.
    """

    rgb: Pixels
    frame: Frame
    found: list[Detection]
    note: str

    def only(self, chosen: list[Detection]) -> Sight:
        return replace(self, found=chosen)


def find_faces(photo: Photo, detect: Detector, settings: EngineSettings) -> Sight:
    """The first rung on which a face is seen; the first look, empty, where none is on any."""
    upright = Frame(photo.scale, 0, photo.rgb.shape[1], photo.rgb.shape[0])
    first = Sight(photo.rgb, upright, detect(photo.rgb, settings.detect_side), "")
    if first.found:
        return first
    for rgb, frame, side, note in _rungs(photo, upright, settings):
        found = detect(rgb, side)
        if found:
            return Sight(rgb, frame, found, note)
    return first


def _rungs(photo: Photo, upright: Frame, settings: EngineSettings) -> Iterator[tuple[Pixels, Frame, int, str]]:
    for rung in settings.ladder:
        if rung == "upsample":
            larger = _doubled(photo.rgb)
            factor = larger.shape[1] / photo.rgb.shape[1]
            frame = Frame(photo.scale / factor, 0, larger.shape[1], larger.shape[0])
            yield larger, frame, 2 * settings.detect_side, "upsampled"
        else:
            for turns in (1, 3, 2):  # a phone on its side is likelier than one upside down
                turned = np.ascontiguousarray(np.rot90(photo.rgb, turns))
                yield turned, replace(upright, quarter_turns=turns), settings.detect_side, f"rotated {90 * turns}"


def _doubled(rgb: Pixels) -> Pixels:
    """Twice the size where that stays within `LARGEST_SIDE`; else as it is, for a look at full size."""
    import cv2

    if 2 * max(rgb.shape[:2]) > LARGEST_SIDE:
        return rgb
    return np.asarray(cv2.resize(rgb, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
