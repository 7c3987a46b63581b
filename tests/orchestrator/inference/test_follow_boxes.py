"""A box goes where its face goes; a cut is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.inference.follow_boxes import BoxFollower
from workers.faces.detect.boxes import Box, overlap
from workers.faces.photo import Pixels


def scene(seed: int, width: int = 640, height: int = 360) -> Pixels:
    """Random texture: large surfaces with some detail, as in a picture of a room."""
    import cv2

    draw = np.random.default_rng(seed)
    layers = []
    for cell, contrast in ((120, 150), (12, 100)):
        coarse = draw.integers(0, contrast, (height // cell, width // cell, 3)).astype(np.float32)
        layers.append(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    return np.asarray(np.clip(layers[0] + layers[1], 0, 255), np.uint8)


def moved(rgb: Pixels, x: float, y: float, scale: float = 1.0) -> Pixels:
    import cv2

    matrix = np.array([[scale, 0, x], [0, scale, y]], np.float32)
    return np.asarray(
        cv2.warpAffine(rgb, matrix, (rgb.shape[1], rgb.shape[0]), borderMode=cv2.BORDER_REFLECT), np.uint8
    )


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080), (360, 640)])
@pytest.mark.parametrize(("x", "y", "scale"), [(0, 0, 1), (7, -4, 1), (-12, 9, 1), (-20, -10, 1.06), (12, 6, 0.95)])
def test_a_box_moves_and_grows_with_what_is_in_it(size: tuple[int, int], x: float, y: float, scale: float) -> None:
    first = scene(1, *size)
    boxes = [Box(100, 120, 180, 200), Box(250, 60, 300, 110)]
    follower = BoxFollower()
    follower.follow(first, [])
    found = follower.follow(moved(first, x, y, scale), boxes)
    for box, now in zip(boxes, found, strict=True):
        wanted = Box(*(scale * side + shift for side, shift in zip(vars(box).values(), (x, y, x, y), strict=True)))
        assert now is not None
        assert overlap(now, wanted) > 0.85


def test_a_box_whose_content_vanishes_is_given_up() -> None:
    first = scene(1)
    then = first.copy()
    then[100:220, 80:220] = scene(2)[100:220, 80:220]
    follower = BoxFollower()
    follower.follow(first, [])
    gone, kept = follower.follow(then, [Box(100, 120, 180, 200), Box(350, 60, 400, 110)])
    assert not follower.is_cut
    assert gone is None
    assert kept is not None


def test_another_scene_is_a_cut_and_motion_is_none() -> None:
    follower = BoxFollower()
    follower.follow(scene(1), [])
    assert follower.is_cut
    follower.follow(moved(scene(1), 12, 8), [])
    assert not follower.is_cut
    assert follower.follow(scene(2), [Box(100, 120, 180, 200)]) == [None]
    assert follower.is_cut
    follower.follow(scene(2, 320, 240), [Box(100, 120, 180, 200)])
    assert follower.is_cut
