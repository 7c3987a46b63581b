"""Landmarks are dlib's to the pixel, whatever faces are found together."""

from __future__ import annotations

import numpy as np
import pytest

from workers.faces.align.landmarks import TOGETHER, load_landmarks
from workers.faces.detect.boxes import Box
from workers.faces.models.model_files import model_path
from workers.faces.photo import Pixels, Points

COUNTS = ("68", "5")


def by_dlib(count: str, faces: list[tuple[Pixels, Box]]) -> list[Points]:
    import dlib

    predict = dlib.shape_predictor(str(model_path(f"landmarks-{count}")))
    shapes = [predict(rgb, dlib.rectangle(*box.rounded())) for rgb, box in faces]
    return [np.array([(point.x, point.y) for point in shape.parts()], np.float32) for shape in shapes]


@pytest.fixture(scope="module")
def faces(drawn: dict[tuple[int, int], Pixels]) -> list[tuple[Pixels, Box]]:
    """Drawn faces in good boxes and in odd ones: shifted, tiny, flat, beyond the photo; and photos without a face."""
    rng = np.random.default_rng(0)
    boxes = [Box(60, 70, 190, 200), Box(40.4, 80.6, 170.5, 210.5), Box(100, 100, 110, 112), Box(50, 100, 220, 130)]
    boxes += [Box(-90, -70, 120, 140), Box(180, 150, 400, 370), Box(900, 900, 999, 999), Box(20, 20, 20, 20)]
    found = [(rgb, box) for rgb, box in zip([*drawn.values()] * 2, boxes, strict=False)]
    noise = rng.integers(0, 256, (33, 97, 3), np.uint8)
    return [*found, (noise, Box(10, 2, 40, 32)), (np.zeros((1, 1, 3), np.uint8), Box(0, 0, 9, 9))]


@pytest.mark.parametrize("count", COUNTS)
def test_each_point_is_dlibs(count: str, faces: list[tuple[Pixels, Box]]) -> None:
    found = load_landmarks(count)(faces)
    assert {points.dtype for points in found} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(found, by_dlib(count, faces))


@pytest.mark.parametrize("count", COUNTS)
def test_points_do_not_depend_on_the_other_faces(count: str, faces: list[tuple[Pixels, Box]]) -> None:
    find = load_landmarks(count)
    alone = [find([face])[0] for face in faces]
    many = find(faces * (TOGETHER // len(faces) + 1))
    np.testing.assert_array_equal(many, (alone * (TOGETHER // len(faces) + 1)))


def test_no_faces_have_no_points() -> None:
    assert load_landmarks("5")([]) == []
