"""The geometry of boxes."""

from __future__ import annotations

import pytest

from workers.faces.detect.boxes import Box, overlap


def test_overlap_is_one_with_itself_and_zero_with_a_neighbour() -> None:
    box = Box(10, 20, 19, 39)
    assert overlap(box, box) == 1
    assert overlap(box, box.shifted(10, 0)) == 0
    assert overlap(box, box.shifted(5, 0)) == pytest.approx(1 / 3)


def test_scaling_keeps_pixel_centres_at_half_integers() -> None:
    assert Box(0, 0, 9, 9).scaled(2) == Box(0.5, 0.5, 18.5, 18.5)
    assert Box(0, 0, 9, 9).scaled(2).scaled(0.5) == Box(0, 0, 9, 9)
