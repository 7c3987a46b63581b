"""The face as a height field over the picture, and the light that each pixel receives.

The head is half an ellipsoid with smooth bumps and dents: eye sockets, brows, nose, cheekbones, lips, chin.
A turn of the head moves the point of the face at a pixel in proportion to its depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.synthetic.identity import Identity
from workers.synthetic.scene import Scene

Field = NDArray[np.float32]  # (side, side)

PICTURE_WIDTH = 3.0
"""Head units across the picture: a head two units high fills two thirds."""


@dataclass(frozen=True)
class Surface:
    """The position of each pixel. All arrays are (side, side) float32.

    x, y: place in the picture, head units, upright with the head (rolled, not turned).
    u, v: place on the face, head units.
    radius: 0 in the middle of the face, 1 on its outline.
    height: towards the viewer, head units.
    """

    x: Field
    y: Field
    u: Field
    v: Field
    radius: Field
    height: Field
    step: float  # head units a pixel


def bump(u: Field, v: Field, at: tuple[float, float], size: tuple[float, float]) -> Field:
    """A smooth hill of height 1 at `at` whose half axes are `size`, in head units."""
    return np.exp(-(((u - at[0]) / size[0]) ** 2) - ((v - at[1]) / size[1]) ** 2)


def inside(distance: Field, edge: float) -> Field:
    """1 where `distance` is below 1, 0 above, with a soft edge that is `edge` wide."""
    cover: Field = np.clip((1.0 - distance) / edge + 0.5, 0.0, 1.0)
    return cover


def around(surface: Surface, at: tuple[float, float], reach: tuple[float, float]) -> tuple[slice, slice]:
    """Rows and columns of the smallest window that holds every pixel within `reach` of `at` on the face."""
    near = (np.abs(surface.u - at[0]) < reach[0]) & (np.abs(surface.v - at[1]) < reach[1])
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if rows.size == 0:  # the face is turned or shifted out of the picture there
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def cut(surface: Surface, rows: slice, columns: slice) -> Surface:
    """A window of the surface; the arrays are views."""
    return Surface(
        x=surface.x[rows, columns],
        y=surface.y[rows, columns],
        u=surface.u[rows, columns],
        v=surface.v[rows, columns],
        radius=surface.radius[rows, columns],
        height=surface.height[rows, columns],
        step=surface.step,
    )


def build_surface(person: Identity, scene: Scene, side: int) -> Surface:
    """The head of this person in this pose, `side` x `side` pixels."""
    step = PICTURE_WIDTH / side / scene.zoom
    axis = (np.arange(side, dtype=np.float32) + 0.5 - side / 2) * step
    across, down = (axis - scene.shift[0])[None, :], (axis - scene.shift[1])[:, None]
    cosine, sine = np.float32(np.cos(scene.roll)), np.float32(np.sin(scene.roll))
    x, y = cosine * across + sine * down, cosine * down - sine * across
    depth = np.sqrt(np.clip(1.0 - x**2 - (y / 1.25) ** 2, 0.0, 1.0))
    u = x - np.float32(0.58 * np.sin(scene.yaw)) * depth
    v = y - np.float32(0.55 * np.sin(scene.pitch)) * depth
    narrowing = 1.0 - (0.1 + 0.24 * person.jaw) * np.clip(v, 0.0, 1.0) ** 2
    temples = 1.0 - 0.08 * np.clip(-v - 0.3, 0.0, 1.0)
    radius = np.sqrt((u / (person.face_width * narrowing * temples)) ** 2 + v**2)
    height = np.sqrt(np.clip(1.02 - radius**2, 0.0, None)) * 0.9 + _features(person, scene, u, v)
    return Surface(x, y, u, v, radius, height, float(step))


def _features(person: Identity, scene: Scene, u: Field, v: Field) -> Field:
    """Height of the features over the ellipsoid, in head units."""
    eye, spacing = person.eye_height, person.eye_spacing
    tip, mouth = eye + person.nose_length, person.mouth_height
    mirrored = np.abs(u)  # most of a face is symmetric: one bump serves both sides
    relief = -person.socket * bump(mirrored, v, (spacing, eye), (0.15, 0.1))
    relief += 0.06 * bump(mirrored, v, (spacing, eye - person.brow_height), (0.2, 0.065))
    relief += 0.06 * bump(mirrored, v, (spacing, eye), (0.085, 0.055))
    cheek = person.cheekbone + 0.5 * max(scene.smile, 0.0)
    relief += cheek * bump(mirrored, v, (0.42, 0.16), (0.17, 0.15))
    relief -= 0.03 * bump(mirrored, v, (person.face_width * 0.68, 0.42), (0.14, 0.2))
    bridge = (0.0, (eye + tip) / 2 + 0.05)
    relief += person.nose_depth * bump(u, v, bridge, (0.062, person.nose_length * 0.55))
    relief += person.nose_depth * bump(u, v, (0.0, tip), (person.nose_width, 0.08))
    relief += 0.05 * bump(mirrored, v, (person.nose_width * 0.95, tip + 0.02), (0.05, 0.05))
    lips = 0.03 + 0.5 * person.lip_fullness
    relief += lips * bump(u, v, (0.0, mouth), (person.mouth_width, 0.09))
    relief -= 0.015 * bump(u, v, (0.0, (tip + mouth) / 2 + 0.03), (0.035, 0.06))
    relief -= 0.035 * bump(u, v, (0.0, mouth + 0.15), (0.16, 0.05))
    relief += person.chin * bump(u, v, (0.0, 0.84), (0.19, 0.12))
    return relief


def shade(surface: Surface, scene: Scene) -> tuple[Field, Field]:
    """(diffuse, gloss), both (side, side) float32: light received, and the highlight of a slightly oily skin.

    Lambert's law for the lamp, a constant for the sky, less of it on slopes; the half vector of Blinn (1977)
    for the highlight.
    """
    slope_y, slope_x = np.gradient(surface.height, np.float32(surface.step))
    length = np.sqrt(1.0 + slope_x**2 + slope_y**2)
    lamp = np.array(scene.light) / np.linalg.norm(scene.light)
    half = lamp + np.array([0.0, 0.0, 1.0])
    half /= np.linalg.norm(half)

    def towards(direction: NDArray[np.float64]) -> Field:
        a, b, c = (np.float32(value) for value in direction)
        facing: Field = np.clip((c - a * slope_x - b * slope_y) / length, 0.0, None)
        return facing

    openness = 0.6 + 0.4 / length
    diffuse = scene.ambient * openness + np.float32(0.7) * towards(lamp)
    return diffuse, towards(half) ** 24
