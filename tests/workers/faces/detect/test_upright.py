"""Faces at any angle are turned upright; upright ones keep their pixels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from storage.engine_settings import EngineSettings, Limits
from tests.workers.faces.conftest import as_bytes
from workers.faces.decode.read_image import read_image
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.detectors import load_detector, shrink
from workers.faces.detect.upright import TurnedPhoto, look_closely, may_lie
from workers.faces.engine import load_engine
from workers.faces.photo import Photo, Pixels
from workers.faces.records import FaceRecord

NEAR = 0.35
"""Distance of a face from itself upright; 0.6 is where another person begins."""


LEANS = (30, -30, 45, -45, 60, -60)
"""Degrees counter-clockwise."""


def encoded(rgb: Pixels) -> list[FaceRecord]:
    (result,) = load_engine(EngineSettings()).encode_photos([("key", as_bytes(rgb, compress_level=1))], lambda _: None)
    return result.faces


def share_near(pictures: list[Pixels], turns: Iterable[float] = (90, 180, 270)) -> float:
    """The share of these turns of these photos whose face stays near to the upright one's."""
    near = []
    for rgb in pictures:
        (upright,) = encoded(rgb)
        for degrees in turns:
            faces = encoded(leaning(rgb, degrees, is_whole=True) if degrees % 90 else quarter_turned(rgb, degrees))
            near += [bool(faces) and float(np.linalg.norm(faces[0].embedding - upright.embedding)) < NEAR]
    return float(np.mean(near))


def quarter_turned(rgb: Pixels, degrees: float) -> Pixels:
    return np.ascontiguousarray(np.rot90(rgb, round(degrees / 90)))


def leaning(rgb: Pixels, degrees: float, is_whole: bool = False) -> Pixels:
    """The photo turned counter-clockwise; at its size, or so large that all of it is seen."""
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    if is_whole:
        turned = np.abs(matrix[:, :2]) @ (width, height)
        matrix[:, 2] += (turned - np.array([width, height])) / 2
        width, height = turned.round().astype(int).tolist()
    return np.asarray(cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def web_photos(shared_data: Path) -> list[Pixels]:
    """32 photos, each with one face that counts."""
    paths = sorted((shared_data / "jurassic-park").glob("*/*"))
    photos = [read_image(paths[index * len(paths) // 32].read_bytes(), Limits()) for index in range(32)]
    return [shrink(photo.rgb, 600)[0] for photo in photos if isinstance(photo, Photo)]


def test_quarter_turned_photos_give_nearly_the_same_measurements(drawn: dict[tuple[int, int], Pixels]) -> None:
    assert share_near(list(drawn.values())) >= 0.95


def test_quarter_turned_web_photos_give_nearly_the_same_measurements(shared_data: Path) -> None:
    assert share_near(web_photos(shared_data)) >= 0.95


def test_leaning_photos_give_nearly_the_same_measurements(drawn: dict[tuple[int, int], Pixels]) -> None:
    assert share_near(list(drawn.values())[::3], LEANS) >= 0.95


@pytest.mark.slow
def test_leaning_web_photos_give_nearly_the_same_measurements(shared_data: Path) -> None:
    assert share_near(web_photos(shared_data), LEANS) >= 0.9  # most others are profiles


def test_web_photos_turned_by_an_eighth_give_nearly_the_same_measurements(shared_data: Path) -> None:
    assert share_near(web_photos(shared_data)[::2], (45, -45)) >= 0.9


def test_a_face_whose_box_was_half_as_wide_while_it_leaned_is_found_again() -> None:
    whole, half = Box(100, 100, 199, 199), Box(125, 125, 174, 174)
    again = Detection(whole, 0.9, "blaze", roll=0.0)
    found = Detection(half, 0.8, "blaze", roll=-40.0)
    photo = Photo(np.zeros((300, 300, 3), np.uint8))
    picture, face = TurnedPhoto(photo, lambda _: [again]).upright(found, 90)
    assert face == again
    assert picture.turned == 90


def test_of_two_faces_found_again_a_small_one_inside_the_box_is_not_taken() -> None:
    leaning_box = Detection(Box(100, 100, 200, 200), 0.8, "blaze", roll=-40.0)
    again = Detection(Box(110, 95, 215, 200), 0.9, "blaze", roll=0.0)
    child = Detection(Box(120, 120, 150, 150), 0.95, "blaze", roll=0.0)
    photo = Photo(np.zeros((301, 301, 3), np.uint8))
    _, face = TurnedPhoto(photo, lambda _: [child, again]).upright(leaning_box, 180)
    assert face == again


@pytest.mark.parametrize("degrees", [45, 75, 120, -60, -135])
def test_a_leaning_face_is_turned_upright(degrees: int, face: Pixels) -> None:
    (upright,) = encoded(face)
    (found,) = encoded(leaning(face, degrees))
    assert abs((found.turned + degrees + 180) % 360 - 180) < 30
    assert np.linalg.norm(found.embedding - upright.embedding) < NEAR


def test_points_and_box_of_a_leaning_face_are_in_the_photo_as_it_is(face: Pixels) -> None:
    (upright,) = encoded(face)
    (found,) = encoded(leaning(face, 60))
    matrix = cv2.getRotationMatrix2D((124.5, 124.5), 60, 1)
    points = upright.points.reshape(-1, 2) @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(found.points.reshape(-1, 2) - points).mean() < 5
    centre = np.array([found.left + found.right, found.top + found.bottom]) / 2
    there = np.array([upright.left + upright.right, upright.top + upright.bottom]) / 2
    assert np.abs(centre - (matrix[:, :2] @ there + matrix[:, 2])).max() < 12


def test_an_upright_face_keeps_its_photo(drawn: dict[tuple[int, int], Pixels]) -> None:
    for rgb in drawn.values():
        (found,) = load_detector("cascade")(rgb, 800)
        stance = look_closely(rgb, found.box)
        photo = Photo(rgb)
        assert stance.turn == 0
        assert TurnedPhoto(photo, lambda _: []).upright(found, stance.turn) == (photo, found)


def test_a_face_that_is_found_nowhere_again_keeps_its_box(face: Pixels) -> None:
    photo = Photo(face)
    turned = photo.quarter_turned(1)
    found = Detection(Box(60, 50, 179, 189), 0.6, "blaze")
    seen, again = TurnedPhoto(photo, lambda _: []).upright(found, 90)
    assert np.array_equal(seen.rgb, turned.rgb)
    assert seen.decoded_box(again.box) == found.box


def test_only_doubtful_detections_are_looked_at_closely() -> None:
    box = Box(0, 0, 9, 9)
    assert not may_lie(Detection(box, 0.8, "blaze", roll=10.0))
    assert may_lie(Detection(box, 0.6, "blaze", roll=10.0))
    assert may_lie(Detection(box, 0.8, "blaze", roll=-50.0))
    assert may_lie(Detection(box, 1.2, "cnn"))
    assert not may_lie(Detection(box, 0.1, "hog"))


def test_noise_is_turned_nowhere() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    stance = look_closely(noise, Box(50, 50, 149, 149))
    assert stance.turn == 0
    assert stance.score < 0.5
