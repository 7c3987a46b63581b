"""The retry ladder, with a detector that finds a face only in a picture of one shape."""

from __future__ import annotations

import numpy as np
import pytest

from storage.engine_settings import EngineSettings
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.detectors import Detector
from workers.faces.detect.retry_ladder import LARGEST_SIDE, find_faces
from workers.faces.photo import Photo, Pixels

FACE = Detection(Box(2, 4, 9, 9), 1.0, "test")
SETTINGS = EngineSettings(ladder=("upsample", "rotate"))


def finds_in(rows: int, columns: int) -> Detector:
    def detect(rgb: Pixels, _: int) -> list[Detection]:
        return [FACE] if rgb.shape[:2] == (rows, columns) else []

    return detect


def photo(rows: int, columns: int) -> Photo:
    return Photo(np.zeros((rows, columns, 3), np.uint8), scale=4.0)


def test_a_face_at_the_first_look_leaves_the_photo_as_it_is() -> None:
    given = photo(50, 60)
    assert find_faces(given, finds_in(50, 60), SETTINGS) == (given, [FACE])


@pytest.mark.parametrize(("shape", "note", "scale"), [((100, 120), "upsampled", 2.0), ((60, 50), "rotated 90", 4.0)])
def test_the_first_rung_with_a_face_gives_its_photo_and_note(shape: tuple[int, int], note: str, scale: float) -> None:
    seen, found = find_faces(photo(50, 60), finds_in(*shape), SETTINGS)
    assert (seen.rgb.shape[:2], seen.note, seen.scale, found) == (shape, note, scale, [FACE])


def test_without_a_face_on_any_rung_the_given_photo_comes_back() -> None:
    given = photo(50, 60)
    assert find_faces(given, finds_in(1, 1), SETTINGS) == (given, [])


def test_without_a_ladder_there_is_one_look() -> None:
    assert find_faces(photo(50, 60), finds_in(100, 120), EngineSettings())[1] == []


def test_a_large_photo_is_not_enlarged_beyond_the_bound() -> None:
    sides: list[int] = []

    def detect(rgb: Pixels, _: int) -> list[Detection]:
        sides.append(max(rgb.shape))
        return []

    find_faces(photo(40, LARGEST_SIDE // 2 + 1), detect, EngineSettings(ladder=("upsample",)))
    assert sides == [LARGEST_SIDE // 2 + 1] * 2
