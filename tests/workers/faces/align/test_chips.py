"""The crop and the aligned picture of a face."""

from __future__ import annotations

import numpy as np
import pytest

from workers.faces.align.chips import LEFT_EYE, LIPS, RIGHT_EYE, TARGET, align_face, crop_face, fit_alignment
from workers.faces.align.landmarks import load_landmarks
from workers.faces.detect.boxes import Box
from workers.faces.detect.detectors import load_detector
from workers.faces.photo import Pixels, Points


def points_at(left: tuple[float, float], right: tuple[float, float], lips: tuple[float, float]) -> Points:
    points = np.zeros((68, 2), np.float32)
    points[LEFT_EYE], points[RIGHT_EYE], points[LIPS] = left, right, lips
    return points


FRONTAL = points_at((100, 100), (140, 106), (118, 145))
PROFILE = points_at((100, 100), (104, 101), (101, 145))
ON_A_LINE = points_at((100, 100), (120, 120), (140, 140))
IN_A_POINT = points_at((100, 100), (100, 100), (100, 100))


def moved(points: Points) -> np.ndarray:
    matrix = fit_alignment(points).matrix
    anchors = np.stack([points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE, LIPS)])
    return anchors @ matrix[:, :2].T + matrix[:, 2]


def test_the_affine_fit_puts_eyes_and_lips_at_the_target() -> None:
    assert fit_alignment(FRONTAL).note == ""
    assert np.allclose(moved(FRONTAL), TARGET, atol=1e-6)


@pytest.mark.parametrize("points", [PROFILE, ON_A_LINE, IN_A_POINT])
def test_a_degenerate_face_gets_a_similarity_fit_and_a_note(points: Points) -> None:
    found = fit_alignment(points)
    linear = found.matrix[:, :2]
    assert found.note == "similarity fit"
    assert np.isfinite(found.matrix).all()
    assert np.allclose(linear @ linear.T, np.eye(2) * np.linalg.det(linear))  # no shear, no mirror


def test_the_similarity_fit_has_the_least_squared_error() -> None:
    best = ((moved(PROFILE) - TARGET) ** 2).sum()
    matrix = fit_alignment(PROFILE).matrix
    anchors = np.stack([PROFILE[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE, LIPS)])
    for angle, scale in ((0.02, 1), (-0.02, 1), (0, 1.02), (0, 0.98)):
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        other = anchors @ matrix[:, :2].T @ turn.T
        other += (TARGET - other).mean(axis=0)
        assert ((other - TARGET) ** 2).sum() > best


@pytest.mark.parametrize("factor", [1, 5])
def test_the_aligned_picture_shows_eyes_and_lips_at_the_target(face: Pixels, factor: int) -> None:
    large = np.repeat(np.repeat(face, factor, axis=0), factor, axis=1)
    hog, landmarks = load_detector("hog"), load_landmarks("68")
    chip = align_face(large, fit_alignment(landmarks([(large, hog(large, 400)[0].box)])[0]))
    again = hog(np.repeat(np.repeat(chip, 3, axis=0), 3, axis=1), 400)[0].box
    points = landmarks([(np.repeat(np.repeat(chip, 3, axis=0), 3, axis=1), again)])[0] / 3
    found = np.stack([points[part].mean(axis=0) for part in (LEFT_EYE, RIGHT_EYE, LIPS)])
    assert chip.shape == (128, 128, 3)
    assert np.abs(found - TARGET).max() < 6


@pytest.mark.parametrize("factor", [1, 6])
def test_a_crop_shows_exactly_the_box(factor: int) -> None:
    picture = np.zeros((300 * factor, 300 * factor, 3), np.uint8)
    picture[60 * factor : 188 * factor, 100 * factor : 228 * factor] = 255
    box = Box(100 * factor, 60 * factor, 228 * factor - 1, 188 * factor - 1)
    chip = crop_face(picture, box)
    assert chip[1:-1, 1:-1].min() == 255
    assert chip.mean() > 253
    assert crop_face(picture, box.shifted(-128 * factor, 0)).max() < 255  # its neighbour is black but for the edge


def test_a_crop_beyond_the_photo_repeats_its_edge() -> None:
    picture = np.full((50, 50, 3), 77, np.uint8)
    assert (crop_face(picture, Box(-30, -30, 90, 90)) == 77).all()
