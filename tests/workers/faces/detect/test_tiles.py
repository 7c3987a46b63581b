"""Small faces in large photos are found in tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.engine_settings import EngineSettings
from tests.workers.faces.conftest import as_bytes
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.tiles import TILE, search_tiles, without_repeats
from workers.faces.engine import load_engine
from workers.faces.photo import Pixels
from workers.faces.records import PhotoResult

EVERY = EngineSettings(policy="all")


def encoded(data: bytes, settings: EngineSettings = EVERY) -> PhotoResult:
    return load_engine(settings).encode_photos([("key", data)], lambda _: None)[0]


@pytest.fixture(scope="module")
def crowd(drawn: dict[tuple[int, int], Pixels]) -> Pixels:
    """1600 x 2800 with six faces of some 60 pixels, one across the seam of two tiles."""
    wall = np.random.default_rng(1).integers(100, 130, (1600, 2800, 3), np.uint8)
    for index, rgb in enumerate(drawn.values()):
        left, top = 60 + 460 * index, 350 + 190 * index
        wall[top : top + 140, left : left + 140] = np.asarray(Image.fromarray(rgb).resize((140, 140)))
    return wall


@pytest.mark.parametrize("name", ["blaze", "yunet"])
def test_tiles_find_each_small_face_once(name: str, crowd: Pixels) -> None:
    found = search_tiles(name, crowd, 48)
    places = sorted(
        (round((face.box.centre[0] - 130) / 460), round((face.box.centre[1] - 420) / 190)) for face in found
    )
    assert places == [(index, index) for index in range(6)]
    assert all(40 <= face.box.width < 100 for face in found)


def test_a_photo_that_is_seen_whole_has_no_tiles(face: Pixels) -> None:
    assert search_tiles("blaze", face, 48) == search_tiles("yunet", face, 48) == []


def test_of_two_boxes_of_one_face_the_better_stays() -> None:
    whole, part = Detection(Box(0, 0, 99, 99), 0.9, "blaze"), Detection(Box(0, 0, 99, 59), 0.7, "blaze")
    other = Detection(Box(200, 0, 299, 99), 0.6, "blaze")
    assert without_repeats([part, other, whole]) == [whole, other]


def test_every_small_face_counts_under_all(crowd: Pixels) -> None:
    result = encoded(as_bytes(crowd, compress_level=1))
    assert len(result.faces) == 6
    assert len(encoded(as_bytes(crowd, compress_level=1), EngineSettings(policy="all", smallest_face=0)).faces) < 6


def test_a_labelled_photo_is_searched_in_tiles_before_it_has_no_face(crowd: Pixels) -> None:
    lone = crowd[:520, :2600]
    (found,) = encoded(as_bytes(lone, compress_level=1), EngineSettings()).faces
    assert 60 <= found.left < found.right <= 200
    without = encoded(as_bytes(lone, compress_level=1), EngineSettings(smallest_face=0))
    assert (without.outcome, without.reason) == ("no_face", "no face of 217 pixels or more found")


def test_faces_in_a_reduced_photo_are_searched_at_full_size(crowd: Pixels) -> None:
    """A JPEG of 2800 pixels is decoded at a half; the boxes are those of the full photo."""
    result = encoded(as_bytes(crowd, "JPEG", quality=95))
    assert len(result.faces) == 6
    assert all(45 <= face.right - face.left < 100 for face in result.faces)


def test_no_face_names_the_smallest_face_that_was_looked_for() -> None:
    wall = as_bytes(np.full((700, 1000, 3), 90, np.uint8), compress_level=1)
    assert encoded(wall, EngineSettings()).reason == "no face of 48 pixels or more found"
    assert encoded(wall, EngineSettings(smallest_face=0)).reason == "no face of 83 pixels or more found"
    assert encoded(wall, EngineSettings(ladder=("upsample",))).reason == "no face of 24 pixels or more found"


def test_upsampling_finds_faces_of_half_the_width(face: Pixels) -> None:
    wall = np.full((700, 1000, 3), 128, np.uint8)
    wall[300:360, 500:560] = np.asarray(Image.fromarray(face).resize((60, 60), Image.Resampling.LANCZOS))
    data = as_bytes(wall, compress_level=1)
    assert encoded(data, EngineSettings()).outcome == "no_face"
    (found,) = encoded(data, EngineSettings(ladder=("upsample",))).faces
    assert 500 <= found.left < found.right <= 560


def test_noise_has_no_face_in_tiles() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (2 * TILE, 3 * TILE, 3), np.uint8)
    assert encoded(as_bytes(noise, compress_level=1)).outcome == "no_face"


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("odd-photos/14-class-1500x1000-tile250.jpg", 24),
        ("odd-photos/14-class-6000x4000-tile500.jpg", 90),
        ("odd-photos/10-panorama-12000x3000.jpg", 1),
        ("group-photos/bald_guys.jpg", 24),
    ],
)
def test_the_faces_of_montages_and_panoramas_are_found(name: str, least: int, shared_data: Path) -> None:
    faces = encoded((shared_data / name).read_bytes()).faces
    assert least <= len(faces) <= least + 6
    assert len({(face.left // 50, face.top // 50) for face in faces}) == len(faces)


def test_a_face_beside_a_sure_one_is_found_by_the_cnn_under_all(shared_data: Path) -> None:
    """BlazeFace takes the one face for all there are; the other is a profile."""
    for name in ("GlynnisOConnor/00000026.jpg", "RobertReed/00000063.jpg"):
        assert len(encoded((shared_data / "bubble" / name).read_bytes()).faces) == 2
