"""What lies over a face in a photo: wrinkles of age, sunglasses, a mask, a hand."""

from __future__ import annotations

import numpy as np

from workers.synthetic.identity import Colour, Identity
from workers.synthetic.paint import Picture, put, solid
from workers.synthetic.scene import Scene
from workers.synthetic.surface import Field, Surface, inside

GLASS: Colour = (22.0, 22.0, 26.0)
CLOTH: Colour = (186.0, 204.0, 212.0)


def paint_wrinkles(face: Picture, person: Identity, scene: Scene, surface: Surface) -> None:
    """Lines of the forehead, beside the mouth and under the eyes, as deep as `scene.age` is high; in place."""
    if scene.age <= 0.0:
        return
    u, v = np.abs(surface.u), surface.v
    brow = person.eye_height - person.brow_height
    forehead = np.cos((v - brow) * 52.0 + 0.6 * np.cos(6.0 * u)) ** 8 * inside(
        np.hypot(u / 0.4, (v - brow + 0.19) / 0.13), 0.4
    )
    tip = person.eye_height + person.nose_length
    fold = person.nose_width * 1.2 + 0.55 * np.clip(v - tip, 0.0, None)
    beside = np.exp(-(((u - fold) / 0.022) ** 2)) * inside(np.abs(v - tip - 0.12) / 0.2, 0.5)
    bag = np.exp(-(((np.hypot((u - person.eye_spacing) / 1.6, v - person.eye_height) - 0.1) / 0.016) ** 2))
    under = bag * (v > person.eye_height + 0.02)
    lines: Field = np.clip(0.5 * forehead + 0.8 * beside + 0.7 * under, 0.0, 1.0)
    put(face, face * 0.5, (scene.age * lines).astype(np.float32))


def paint_cover(picture: Picture, person: Identity, scene: Scene, surface: Surface, diffuse: Field) -> None:
    """What `scene.cover` names, over the finished face; in place."""
    u, v = surface.u, surface.v
    if scene.cover == "sunglasses":
        lens = np.hypot((np.abs(u) - person.eye_spacing) / 0.2, (v - person.eye_height) / 0.15)
        bridge = np.maximum(np.abs(u) / 0.14, np.abs(v - person.eye_height + 0.05) / 0.025)
        arms = np.maximum(np.abs(u) / person.face_width, np.abs(v - person.eye_height + 0.04) / 0.02)
        put(picture, solid(GLASS), np.maximum(0.93 * inside(lens**3, 0.15), inside(np.minimum(bridge, arms), 0.3)))
    elif scene.cover == "mask":
        top = person.eye_height + 0.62 * person.nose_length + 0.25 * u**2
        cloth = inside(surface.radius, 0.04) * np.clip((v - top) / 0.03, 0.0, 1.0)
        pleats = 0.9 + 0.1 * np.cos(26.0 * v)
        put(picture, solid(CLOTH) * (0.25 + 0.75 * diffuse) * pleats, cloth.astype(np.float32))
    elif scene.cover == "hand":
        _hand(picture, person, scene, surface, diffuse)


def _hand(picture: Picture, person: Identity, scene: Scene, surface: Surface, diffuse: Field) -> None:
    """Four fingers over a cheek and the corner of the mouth, on the side to which the head is turned."""
    side = 1.0 if scene.yaw >= 0.0 else -1.0
    u, v = side * surface.u, surface.v
    for finger in range(4):
        middle = 0.66 - 0.13 * finger
        tilt = v - 0.5 - 0.35 * (u - 0.4) + 0.12 * (finger - 1.5)
        reach = np.hypot(np.maximum(np.abs(u - middle - 0.16) - 0.24, 0.0), tilt) / 0.062
        round_ = np.clip(1.15 - 0.5 * np.minimum(reach, 1.0) ** 2, 0.0, 1.15)
        put(picture, solid(person.skin) * (0.3 + 0.7 * diffuse) * round_, inside(reach, 0.15))
