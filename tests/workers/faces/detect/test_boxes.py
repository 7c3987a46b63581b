"""The geometry of boxes, and points of a turned picture."""

from __future__ import annotations

import numpy as np
import pytest

from workers.faces.detect.boxes import Box, overlap, turned_back


def test_overlap_is_one_with_itself_and_zero_with_a_neighbour() -> None:
    box = Box(10, 20, 19, 39)
    assert overlap(box, box) == 1
    assert overlap(box, box.shifted(10, 0)) == 0
    assert overlap(box, box.shifted(5, 0)) == pytest.approx(1 / 3)


def test_scaling_keeps_pixel_centres_at_half_integers() -> None:
    assert Box(0, 0, 9, 9).scaled(2) == Box(0.5, 0.5, 18.5, 18.5)
    assert Box(0, 0, 9, 9).scaled(2).scaled(0.5) == Box(0, 0, 9, 9)


@pytest.mark.parametrize("turns", range(4))
def test_turning_back_finds_the_same_pixel(turns: int) -> None:
    picture = np.arange(12).reshape(3, 4)
    turned = np.rot90(picture, turns)
    for y, x in np.ndindex(turned.shape):
        column, row = turned_back(x, y, turns, width=4, height=3)
        assert picture[int(row), int(column)] == turned[y, x]


@pytest.mark.parametrize("turns", range(4))
def test_turning_back_an_array_equals_turning_back_each_point(turns: int) -> None:
    x, y = np.random.default_rng(turns).integers(-50, 500, (2, 68)).astype(np.float64)
    columns, rows = turned_back(x, y, turns, width=400, height=300)
    alone = [turned_back(float(a), float(b), turns, width=400, height=300) for a, b in zip(x, y, strict=True)]
    assert list(zip(columns.tolist(), rows.tolist(), strict=True)) == alone
