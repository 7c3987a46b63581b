"""Boxes and turns."""

from __future__ import annotations

import numpy as np
import pytest

from workers.faces.detect.boxes import Box, overlap, turned_back


def test_a_box_overlaps_itself_wholly_and_its_neighbour_not_at_all() -> None:
    box = Box(10, 20, 19, 39)
    assert overlap(box, box) == 1
    assert overlap(box, box.shifted(10, 0)) == 0
    assert overlap(box, box.shifted(5, 0)) == pytest.approx(1 / 3)


def test_scaling_moves_the_outer_edges_not_the_centres() -> None:
    assert Box(0, 0, 9, 9).scaled(2) == Box(0.5, 0.5, 18.5, 18.5)
    assert Box(0, 0, 9, 9).scaled(2).scaled(0.5) == Box(0, 0, 9, 9)


@pytest.mark.parametrize("turns", range(4))
def test_a_point_of_a_turned_picture_is_found_again(turns: int) -> None:
    picture = np.arange(12).reshape(3, 4)
    turned = np.rot90(picture, turns)
    for y, x in np.ndindex(turned.shape):
        column, row = turned_back(x, y, turns, width=4, height=3)
        assert picture[int(row), int(column)] == turned[y, x]


@pytest.mark.parametrize("turns", range(4))
def test_many_points_are_turned_back_as_each_alone(turns: int) -> None:
    x, y = np.random.default_rng(turns).integers(-50, 500, (2, 68)).astype(np.float64)
    columns, rows = turned_back(x, y, turns, width=400, height=300)
    alone = [turned_back(float(a), float(b), turns, width=400, height=300) for a, b in zip(x, y, strict=True)]
    assert list(zip(columns.tolist(), rows.tolist(), strict=True)) == alone
