"""The picture of a face for encoders beside the face engine's own: rotated and scaled so that eyes, nose and mouth lie
where the encoder's training put them (least squares over five places; Umeyama, PAMI 1991), or dlib's chip.
"""

from __future__ import annotations

import numpy as np

from storage.encoder_settings import OnnxEncoder
from workers.faces.align.chips import ENCODER_SIDE, LEFT_EYE, RIGHT_EYE, Matrix, encoder_chip, fit_similarity, warp
from workers.faces.photo import Pixels, Points

ARCFACE_SIDE = 112
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
"""Both eyes, tip of the nose, both corners of the mouth, in pixels of a picture of 112 x 112 (insightface)."""

DLIB = np.array([[46.8, 45.3], [99.3, 46.0], [74.5, 73.5], [52.0, 105.0], [95.0, 106.0]])
"""The same in dlib's chip of 150 x 150, the median of 60 web photos: how large a face is there, not how it is cut."""

NOSE_TIP, MOUTH_LEFT, MOUTH_RIGHT = 30, 48, 54
"""Of the 68 points."""

NOSE_BASE = 0.38
"""Where the base of the nose lies between its tip (0) and the middle of the mouth's corners (1); the median over the
faces of 202 web photos."""


def template_chip(rgb: Pixels, points: Points, encoder: OnnxEncoder) -> Pixels:
    """The picture that the encoder takes, (size, size, 3) uint8, RGB; outside of the photo its edge is repeated.

    Args:
        rgb: (height, width, 3) uint8, RGB.
        points: (68, 2), or dlib's five (5, 2), float32, x and y in pixels of `rgb`.
    """
    if encoder.template == "dlib":
        return encoder_chip(rgb, np.rint(points))
    return warp(rgb, _fit(points, encoder), encoder.size)


def template_scale(points: Points, encoder: OnnxEncoder) -> float:
    """Pixels of the picture per pixel of the photo; above 1 the face is enlarged. `points` as in `template_chip`."""
    return float(np.sqrt(abs(np.linalg.det(_fit(points, encoder)[:, :2]))))


def _fit(points: Points, encoder: OnnxEncoder) -> Matrix:
    places = _places(encoder)
    if len(points) == 5:
        places = np.stack([places[0], places[1], places[2] + NOSE_BASE * (places[3:].mean(axis=0) - places[2])])
    return fit_similarity(_anchors(points), places)


def _places(encoder: OnnxEncoder) -> Matrix:
    """(5, 2) float64, in pixels of the picture."""
    if encoder.template == "dlib":
        return DLIB * (encoder.size / ENCODER_SIDE)
    if encoder.template == "arcface":
        return ARCFACE * (encoder.size / ARCFACE_SIDE)
    return np.array(encoder.template, np.float64)


def _anchors(points: Points) -> Matrix:
    """Of 68 points the five places (5, 2); of dlib's five points both eyes and the base of the nose (3, 2)."""
    exact = points.astype(np.float64)
    if len(exact) == 5:  # two corners of an eye, two of the other, the base of the nose
        eyes = sorted((exact[:2].mean(axis=0).tolist(), exact[2:4].mean(axis=0).tolist()))
        return np.array([*eyes, exact[4].tolist()])
    eyes = [exact[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE)]
    return np.stack([*eyes, *exact[[NOSE_TIP, MOUTH_LEFT, MOUTH_RIGHT]]])
