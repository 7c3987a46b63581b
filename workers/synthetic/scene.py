"""The properties of one photo of a person: pose, light, expression, background, camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workers.synthetic.identity import Colour

Cover = Literal["nothing", "sunglasses", "mask", "hand"]


@dataclass(frozen=True)
class Scene:
    """One photo. Angles in radians, shifts in head units, colours RGB 0 to 255, blur in pixels at a side of 256."""

    yaw: float  # positive: turned to the viewer's right
    pitch: float  # positive: looking down
    roll: float
    zoom: float  # above 1: the head is larger in the picture
    shift: tuple[float, float]
    light: tuple[float, float, float]  # from the face towards the lamp; y downwards, z towards the viewer
    ambient: float
    warmth: float  # -1 cold light .. 1 warm
    exposure: float
    smile: float
    opening: float  # of the mouth
    lids: float  # 1 normal, smaller: partly closed
    gaze: float
    background: tuple[Colour, Colour]
    clothes: Colour
    grain: float  # standard deviation of the camera's noise, of 255
    blur: float
    texture_seed: int
    age: float = 0.0  # 0 as the person is .. 1.5 some thirty years older
    cover: Cover = "nothing"


def draw_scene(seed: int, person: int, photo: int) -> Scene:
    """The scene of photo number `photo` of person number `person`; the same numbers always give the same scene."""
    rng = np.random.default_rng([seed, person, photo])
    return Scene(
        yaw=float(np.clip(rng.normal(0.0, 0.2), -0.45, 0.45)),
        pitch=float(np.clip(rng.normal(0.0, 0.09), -0.2, 0.2)),
        roll=float(np.clip(rng.normal(0.0, 0.1), -0.25, 0.25)),
        zoom=rng.uniform(0.94, 1.08),
        shift=(rng.normal(0.0, 0.04), rng.normal(0.0, 0.04)),
        light=(rng.normal(0.0, 0.45), -0.55 + rng.normal(0.0, 0.18), 1.0),
        ambient=rng.uniform(0.34, 0.46),
        warmth=rng.uniform(-1.0, 1.0),
        exposure=rng.uniform(0.82, 1.15),
        smile=float(np.clip(rng.normal(0.02, 0.03), -0.04, 0.08)),
        opening=float(max(0.0, rng.normal(0.0, 0.025))),
        lids=rng.uniform(0.82, 1.05),
        gaze=float(rng.normal(0.0, 0.012)),
        background=(_muted_colour(rng), _muted_colour(rng)),
        clothes=_muted_colour(rng),
        grain=rng.uniform(1.0, 4.5),
        blur=rng.uniform(0.3, 0.9),
        texture_seed=int(rng.integers(2**31)),
    )


def _muted_colour(rng: np.random.Generator) -> Colour:
    """A muted colour for background or clothes."""
    grey = rng.uniform(35.0, 215.0)
    red, green, blue = np.clip(grey + rng.normal(0.0, 26.0, 3), 10.0, 245.0)
    return (float(red), float(green), float(blue))
