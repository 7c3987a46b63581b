"""The traits of an invented person, which are the same in all of the person's photos.

Lengths are in head units: half of the head's height is 1. x grows to the viewer's right and y downwards, from the
middle of the face. Colours are RGB, 0 to 255.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float]

SKIN_TONES = (
    (247.0, 213.0, 193.0),
    (233.0, 190.0, 163.0),
    (213.0, 163.0, 130.0),
    (178.0, 125.0, 92.0),
    (136.0, 90.0, 64.0),
    (97.0, 64.0, 48.0),
)
"""From light to dark; a person's tone is interpolated between two neighbours."""

HAIR_COLOURS = (
    (28.0, 24.0, 24.0),
    (52.0, 36.0, 28.0),
    (84.0, 58.0, 40.0),
    (122.0, 78.0, 46.0),
    (140.0, 66.0, 34.0),
    (196.0, 158.0, 98.0),
    (158.0, 154.0, 150.0),
)
"""Black, dark brown, brown, light brown, auburn, blond, grey."""

IRIS_COLOURS = ((62.0, 40.0, 26.0), (98.0, 68.0, 36.0), (92.0, 108.0, 66.0), (84.0, 118.0, 148.0))
"""Dark brown, hazel, green, blue."""

GOLDEN = 0.6180339887498949
"""Steps of the golden ratio spread any number of people evenly over a range."""


@dataclass(frozen=True)
class Identity:
    """One invented person. Lengths in head units, colours RGB 0 to 255."""

    face_width: float
    jaw: float  # 0 square .. 1 pointed
    chin: float  # how far the chin stands out
    cheekbone: float
    socket: float  # how deep the eyes lie
    eye_spacing: float  # from the middle to an eye's centre
    eye_height: float
    eye_size: float
    eye_tilt: float  # positive: outer corners up
    nose_length: float
    nose_width: float
    nose_depth: float
    mouth_height: float
    mouth_width: float
    lip_fullness: float
    brow_height: float  # above the eye
    brow_thickness: float
    brow_tilt: float
    hairline: float
    hair_volume: float
    hair_length: float  # 0 short .. 1 to the shoulders
    parting: float  # -1 left .. 1 right
    beard: float  # 0 shaven .. 1 full
    moustache: float
    mole: tuple[float, float]
    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour


def draw_identity(seed: int, index: int = 0) -> Identity:
    """Person number `index` of the people drawn with `seed`; the same numbers always give the same person.

    >>> draw_identity(1, 0) == draw_identity(1, 0), draw_identity(1, 0) == draw_identity(1, 1)
    (True, False)
    """
    rng = np.random.default_rng([seed, index])
    spread = (np.random.default_rng(seed).random() + GOLDEN * index) % 1.0
    bearded = rng.random() < 0.3
    long_haired = not bearded and rng.random() < 0.55
    skin = _skin(spread, rng)
    return Identity(
        face_width=rng.uniform(0.64, 0.8),
        jaw=rng.uniform(0.1, 1.0),
        chin=rng.uniform(0.03, 0.1),
        cheekbone=rng.uniform(0.01, 0.08),
        socket=rng.uniform(0.08, 0.14),
        eye_spacing=rng.uniform(0.27, 0.35),
        eye_height=rng.uniform(-0.17, -0.07),
        eye_size=rng.uniform(0.85, 1.2),
        eye_tilt=rng.uniform(-0.1, 0.22),
        nose_length=rng.uniform(0.27, 0.39),
        nose_width=rng.uniform(0.09, 0.155),
        nose_depth=rng.uniform(0.11, 0.2),
        mouth_height=rng.uniform(0.43, 0.53),
        mouth_width=rng.uniform(0.2, 0.31),
        lip_fullness=rng.uniform(0.035, 0.075),
        brow_height=rng.uniform(0.15, 0.22),
        brow_thickness=rng.uniform(0.022, 0.05),
        brow_tilt=rng.uniform(-0.12, 0.2),
        hairline=rng.uniform(-0.78, -0.58),
        hair_volume=rng.uniform(1.04, 1.24),
        hair_length=rng.uniform(0.5, 1.0) if long_haired else rng.uniform(0.0, 0.15),
        parting=rng.uniform(-1.0, 1.0),
        beard=rng.uniform(0.5, 1.0) if bearded else 0.0,
        moustache=rng.uniform(0.3, 1.0) if bearded else 0.0,
        mole=(rng.uniform(-0.5, 0.5), rng.uniform(0.05, 0.7)),
        skin=skin,
        hair=_hair(spread, rng),
        iris=_iris(spread, rng),
        lips=_lips(skin, rng),
    )


def _skin(darkness: float, rng: np.random.Generator) -> Colour:
    """A tone on the line from light to dark, a little warmer or cooler."""
    position = darkness * (len(SKIN_TONES) - 1)
    tone = [np.interp(position, range(len(SKIN_TONES)), channel) for channel in zip(*SKIN_TONES, strict=True)]
    warmth = rng.uniform(-1.0, 1.0)
    return _colour(tone[0] + 3.0 * warmth, tone[1], tone[2] - 7.0 * warmth)


def _hair(darkness: float, rng: np.random.Generator) -> Colour:
    """Any colour with light skin; black, dark brown or grey with dark skin."""
    grey = rng.random() < 0.12
    choices = HAIR_COLOURS[:-1] if darkness < 0.45 else HAIR_COLOURS[:2]
    base = np.array(HAIR_COLOURS[-1] if grey else choices[rng.integers(len(choices))]) * rng.uniform(0.85, 1.15)
    return _colour(*base)


def _iris(darkness: float, rng: np.random.Generator) -> Colour:
    choices = IRIS_COLOURS if darkness < 0.5 else IRIS_COLOURS[:2]
    return choices[rng.integers(len(choices))]


def _lips(skin: Colour, rng: np.random.Generator) -> Colour:
    """The skin, redder and darker."""
    red = rng.uniform(0.35, 0.75)
    return _colour(skin[0] * 0.86 + 12.0 * red, skin[1] * (0.78 - 0.25 * red), skin[2] * (0.74 - 0.2 * red))


def _colour(red: float, green: float, blue: float) -> Colour:
    return (float(np.clip(red, 0, 255)), float(np.clip(green, 0, 255)), float(np.clip(blue, 0, 255)))
