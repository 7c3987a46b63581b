"""Render a person in a scene.

Painted from back to front: background, hair behind the head, neck and clothes, ears, the shaded face, hair in front;
then exposure, blur and grain of the camera. While painting, arrays are (3, side, side), for speed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.synthetic.covers import paint_cover, paint_wrinkles
from workers.synthetic.identity import Identity
from workers.synthetic.paint import Picture, paint_face, put, solid
from workers.synthetic.scene import Scene
from workers.synthetic.surface import Field, Surface, build_surface, inside, shade


def render(person: Identity, scene: Scene, side: int = 256) -> NDArray[np.uint8]:
    """The picture of `person` in `scene`: (side, side, 3) uint8 RGB, 0 to 255.

    Equal arguments give equal pixels. The face is about half as wide as the picture, so a detector for faces of 80
    pixels needs a side of about 200.

    Raises:
        ValueError: `side` is below 32.

    >>> from workers.synthetic.identity import draw_identity
    >>> from workers.synthetic.scene import draw_scene
    >>> picture = render(draw_identity(1, 0), draw_scene(1, 0, 0), side=64)
    >>> picture.shape, picture.dtype
    ((64, 64, 3), dtype('uint8'))
    """
    if side < 32:
        raise ValueError(f"a picture of {side} pixels is too small for a face; ask for 32 or more")
    rng = np.random.default_rng(scene.texture_seed)
    surface = build_surface(person, scene, side)
    diffuse, gloss = shade(surface, scene)
    strands = _strands(surface, rng)
    picture = _background(scene, side, rng)
    _paint_behind(picture, person, scene, surface, strands)
    face = paint_face(person, scene, surface, rng)
    paint_wrinkles(face, person, scene, surface)
    face *= diffuse
    face += 34.0 * gloss
    put(picture, face, inside(surface.radius, 0.04))
    _paint_hair_in_front(picture, person, surface, diffuse, strands)
    paint_cover(picture, person, scene, surface, diffuse)
    return _photograph(picture, scene, side, rng)


def _background(scene: Scene, side: int, rng: np.random.Generator) -> Picture:
    """The background: a gradient of two colours with soft blotches, as a room out of focus."""
    import cv2

    first, second = solid(scene.background[0]), solid(scene.background[1])
    fade = np.linspace(0.0, 1.0, side, dtype=np.float32)[None, :, None]
    coarse = rng.normal(0.0, 20.0, (5, 5, 1)) + rng.normal(0.0, 6.0, (5, 5, 3))
    blotches = cv2.resize(coarse.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    picture: Picture = first * (1.0 - fade) + second * fade + blotches.transpose(2, 0, 1)
    return np.clip(picture, 0.0, 255.0)


def _strands(surface: Surface, rng: np.random.Generator) -> Field:
    """Brightness of the hair, about 1: streaks down from the crown."""
    table = rng.normal(1.0, 0.17, 512).astype(np.float32)
    angle = np.arctan2(surface.u, surface.v + 1.25)
    place = (angle * (1.1 + 0.06 * np.sin(9.0 * surface.v)) + np.float32(np.pi)) * 60.0
    below = np.floor(place).astype(np.int32)
    part = (place - below).astype(np.float32)
    streaks: Field = table[below % 512] * (1.0 - part) + table[(below + 1) % 512] * part
    sheen = 0.22 * np.exp(-(((surface.v + 0.86) / 0.16) ** 2))
    strands: Field = streaks + sheen
    return strands


def _paint_behind(picture: Picture, person: Identity, scene: Scene, surface: Surface, strands: Field) -> None:
    """Paint hair behind the head, neck, clothes and ears, in place."""
    x, y, u, v = surface.x, surface.y, surface.u, surface.v
    width = person.face_width
    hair = solid(person.hair)
    if person.hair_length > 0.2:
        fall = np.maximum(np.abs(u) / (width * 1.22) - 0.12 * np.clip(v, 0.0, 1.0), 0.0)
        bottom = 0.35 + 0.95 * person.hair_length
        put(
            picture,
            hair * (0.72 * strands),
            inside(fall, 0.1) * inside(np.maximum(v / bottom, -v / 0.3), 0.15),
        )
    crown = np.sqrt(
        (u / (width * (0.99 + 0.45 * (person.hair_volume - 1.0)))) ** 2 + ((v + 0.1) / (0.94 * person.hair_volume)) ** 2
    )
    put(picture, hair * (0.8 * strands), inside(crown, 0.06) * inside(np.clip(v, 0.0, None) / 0.25, 0.4))
    neck_shade = np.clip(0.42 + 0.3 * (y - 0.75), 0.4, 0.75).astype(np.float32)
    neck = inside(np.abs(x) / (0.44 + 0.25 * np.clip(y - 1.0, 0.0, 1.0) ** 2), 0.08) * (y > 0.4)
    put(picture, solid(person.skin) * neck_shade, neck)
    shoulders = inside(np.sqrt((x / 1.3) ** 2 + ((y - 1.85) / 0.72) ** 2), 0.04)
    collar = inside(np.sqrt((x / 0.42) ** 2 + ((y - 1.05) / 0.26) ** 2), 0.06)
    folds = (0.78 + 0.1 * np.cos(5.0 * x + 2.0 * y)).astype(np.float32)
    put(picture, solid(scene.clothes) * folds, shoulders * (1.0 - collar))
    if person.hair_length <= 0.2:
        ears = np.sqrt(((np.abs(u) - width * 0.99) / 0.085) ** 2 + ((v - 0.02) / 0.2) ** 2)
        put(
            picture,
            solid(person.skin) * (np.float32(0.62) + np.float32(0.16) * np.minimum(ears, np.float32(1.0))),
            inside(ears, 0.15),
        )


def _paint_hair_in_front(picture: Picture, person: Identity, surface: Surface, diffuse: Field, strands: Field) -> None:
    """Paint the hair over forehead and temples, in place."""
    u, v = surface.u, surface.v
    outwards = np.abs(u - 0.12 * person.parting) / person.face_width
    reach = -0.12 if person.hair_length <= 0.2 else 0.3
    line = person.hairline + (reach - person.hairline) * (np.minimum(outwards, 1.0) ** 2) ** 2
    line += 0.1 * person.parting * u + 0.012 * np.sin(30.0 * u)
    cover = np.clip((line - v) / 0.07 + 0.5, 0.0, 1.0) * inside(surface.radius / 1.03, 0.04)
    put(picture, solid(person.hair) * (strands * (0.35 + 0.62 * diffuse)), cover)


def _photograph(picture: Picture, scene: Scene, side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """White balance, exposure, blur and grain of the camera: (3, side, side) float32 to (side, side, 3) uint8 RGB."""
    import cv2

    tint = np.array([1.0 + 0.04 * scene.warmth, 1.0, 1.0 - 0.05 * scene.warmth], np.float32)
    photo = np.ascontiguousarray((picture * (tint[:, None, None] * np.float32(scene.exposure))).transpose(1, 2, 0))
    blurred = cv2.GaussianBlur(photo, (0, 0), max(0.2, scene.blur * side / 256))
    grain = rng.standard_normal((side, side, 3), dtype=np.float32) * np.float32(scene.grain)
    pixels: NDArray[np.uint8] = np.clip(blurred + grain + 0.5, 0.0, 255.0).astype(np.uint8)
    return pixels
