"""The CNN detector in ONNX Runtime gives the boxes and scores of dlib's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.engine_settings import Limits
from workers.faces.decode.read_image import read_image
from workers.faces.detect.detectors import load_detector
from workers.faces.detect.mmod import tile_layout, tile_pyramid
from workers.faces.photo import Photo, Pixels


def same_as_dlib(rgb: Pixels, side: int) -> int:
    ours, theirs = load_detector("cnn")(rgb, side), load_detector("dlib-cnn")(rgb, side)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        edges = [(getattr(one.box, edge), getattr(other.box, edge)) for edge in ("left", "top", "right", "bottom")]
        assert max(abs(mine - dlib) for mine, dlib in edges) <= 1
        assert one.score == pytest.approx(other.score, abs=1e-4)
    return len(ours)


def test_boxes_and_confidences_equal_dlib_s_on_drawn_faces(drawn: dict[tuple[int, int], Pixels]) -> None:
    assert sum(same_as_dlib(rgb, 640) for rgb in drawn.values()) >= len(drawn) - 1


def test_boxes_and_confidences_equal_dlib_s_on_a_sheet_of_faces(drawn: dict[tuple[int, int], Pixels]) -> None:
    faces = list(drawn.values())
    sheet = np.concatenate([np.concatenate(faces[:3], axis=1), np.concatenate(faces[3:6], axis=1)])
    assert same_as_dlib(sheet, 1000) >= 4


def test_boxes_and_confidences_equal_dlib_s_on_real_photos(shared_data: Path) -> None:
    found = 0
    for path in sorted((shared_data / "group-photos").glob("bbt*.jpg")):
        photo = read_image(path.read_bytes(), Limits())
        assert isinstance(photo, Photo)
        found += same_as_dlib(photo.rgb, 700)
    assert found >= 10


@pytest.mark.parametrize(("rows", "columns"), [(250, 250), (40, 900), (900, 40), (300, 500), (81, 80)])
def test_the_pyramid_s_levels_neither_overlap_nor_leave_the_canvas(rows: int, columns: int) -> None:
    layout = tile_layout(rows, columns)
    taken = np.zeros((layout.height, layout.width), int)
    for tile in layout.tiles:
        assert tile.left >= 0
        assert tile.top >= 0
        taken[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] += 1
    assert taken.max() == 1
    assert taken.sum() == sum(tile.width * tile.height for tile in layout.tiles)


def test_the_first_level_is_the_photo_itself(face: Pixels) -> None:
    layout = tile_layout(250, 250)
    first = layout.tiles[0]
    canvas = tile_pyramid(face, layout)
    shown = canvas[:, first.top : first.top + 250, first.left : first.left + 250]
    assert np.array_equal(shown, face.transpose(2, 0, 1))
