"""The way from a photo's pixels back to the file's photo."""

from __future__ import annotations

import numpy as np
import pytest

from workers.faces.detect.boxes import Box
from workers.faces.photo import Photo

UPRIGHT = np.arange(30 * 40 * 3, dtype=np.uint16).astype(np.uint8).reshape(30, 40, 3)


@pytest.mark.parametrize("turns", range(4))
def test_a_box_in_a_turned_photo_holds_the_same_pixels_in_the_upright_photo(turns: int) -> None:
    photo = Photo(UPRIGHT).quarter_turned(turns)
    assert np.array_equal(photo.rgb, np.rot90(UPRIGHT, turns))
    left, top, right, bottom = photo.full_size_box(Box(3, 5, 12, 20))
    turned_back = np.rot90(photo.rgb[5:21, 3:13], -turns)
    assert np.array_equal(UPRIGHT[top : bottom + 1, left : right + 1], turned_back)


def test_boxes_and_points_grow_with_the_scale() -> None:
    photo = Photo(UPRIGHT, scale=3.0)
    assert photo.full_size_box(Box(0, 1, 2, 3)) == (1, 4, 7, 10)
    points = np.array([[0, 1], [2, 3]], np.float32)
    assert photo.full_size_points(points).tolist() == [1, 4, 7, 10]


@pytest.mark.parametrize("turns", range(4))
def test_points_turn_back_with_their_box(turns: int) -> None:
    photo = Photo(UPRIGHT).quarter_turned(turns)
    x, y = photo.full_size_points(np.array([[3, 5]], np.float32)).astype(int)
    assert np.array_equal(UPRIGHT[y, x], photo.rgb[5, 3])


@pytest.mark.parametrize("turns", range(4))
def test_a_box_goes_into_a_turned_photo_and_back(turns: int) -> None:
    photo, box = Photo(UPRIGHT).quarter_turned(turns), Box(3, 5, 12, 20)
    assert photo.decoded_box(photo.box_here(box)) == box


def test_turns_add_up() -> None:
    photo = Photo(UPRIGHT).quarter_turned(1).quarter_turned(2)
    assert photo.turned == -90
    x, y = photo.full_size_points(np.array([[3, 5]], np.float32)).astype(int)
    assert np.array_equal(UPRIGHT[y, x], photo.rgb[5, 3])
    assert np.array_equal(photo.quarter_turned(1).rgb, UPRIGHT)
