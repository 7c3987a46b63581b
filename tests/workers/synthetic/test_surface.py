"""The height field."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workers.synthetic.identity import draw_identity
from workers.synthetic.scene import draw_scene
from workers.synthetic.surface import around, build_surface, cut, shade

PERSON = draw_identity(2, 0)
FRONTAL = replace(draw_scene(2, 0, 0), yaw=0.0, pitch=0.0, roll=0.0, zoom=1.0, shift=(0.0, 0.0))


def test_the_nose_is_the_nearest_point_of_a_frontal_face() -> None:
    surface = build_surface(PERSON, FRONTAL, 128)
    row, column = np.unravel_index(surface.height.argmax(), surface.height.shape)
    assert abs(surface.u[row, column]) < 0.05
    assert PERSON.eye_height < surface.v[row, column] < PERSON.mouth_height


def test_turning_the_head_moves_its_middle_to_that_side() -> None:
    turned = build_surface(PERSON, replace(FRONTAL, yaw=0.4), 128)
    middle_row = 64
    assert np.abs(turned.u[middle_row]).argmin() > 70


def test_light_from_the_left_brightens_the_left_cheek() -> None:
    surface = build_surface(PERSON, FRONTAL, 128)
    diffuse, _ = shade(surface, replace(FRONTAL, light=(-1.0, 0.0, 1.0)))
    assert diffuse[70, 44] > 1.3 * diffuse[70, 83]


def test_a_window_holds_exactly_the_pixels_near_a_place() -> None:
    surface = build_surface(PERSON, FRONTAL, 128)
    rows, columns = around(surface, (0.3, -0.1), (0.1, 0.1))
    part = cut(surface, rows, columns)
    assert part.u.min() > 0.19
    assert part.u.max() < 0.41
    assert part.u.size > 20


def test_a_window_outside_the_picture_is_empty() -> None:
    surface = build_surface(PERSON, FRONTAL, 64)
    rows, columns = around(surface, (9.0, 9.0), (0.1, 0.1))
    assert cut(surface, rows, columns).u.size == 0
