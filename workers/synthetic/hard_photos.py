"""A folder in which two people are hard to tell apart, as people in photo albums are.

Of each twelve people the first two are siblings who look alike. Their photos were taken over thirty years, in hard
light, with sunglasses, masks and hands before the face; the photos of the others are a little harder than plain ones.
The same numbers give the same photo.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from workers.synthetic.identity import Colour, Identity, draw_identity
from workers.synthetic.scene import Cover, Scene, draw_scene

GROUP = 12
SIBLINGS = (0, 1)
"""Their places in each group of people."""

OWN_SHARE = 0.4
"""How far the second sibling's traits lie from the first one's towards those that the person would have alone."""

SIBLINGS_HARDNESS = 1.5
OTHERS_HARDNESS = 0.2
"""How far a photo goes from a plain one (0) to a hard one (1), and beyond. With these, make demo's methods differ by
several test faces, and one of them can still be recommended."""

GREY: Colour = (176.0, 172.0, 168.0)
COVERS: tuple[Cover, ...] = ("sunglasses", "mask", "hand")
COVERED = 0.3
"""Share of the siblings' photos in which something covers a part of the face."""

_STREAM = 7
"""Keeps these random numbers apart from those of `draw_scene`."""


def is_sibling(index: int) -> bool:
    """Whether person number `index` has a sibling who looks alike."""
    return index % GROUP in SIBLINGS


def draw_look_alike(seed: int, index: int) -> Identity:
    """Person number `index`; the second of two siblings resembles the first.

    >>> draw_look_alike(1, 0) == draw_identity(1, 0), draw_look_alike(1, 1) == draw_identity(1, 1)
    (True, False)
    """
    own = draw_identity(seed, index)
    return _between(draw_identity(seed, index - 1), own, OWN_SHARE) if index % GROUP == SIBLINGS[1] else own


def draw_hard_scene(seed: int, person: int, photo: int) -> Scene:
    """The scene of `draw_scene` in harder light, with less detail, at another age, and with a covered face at times."""
    rng = np.random.default_rng([seed, person, photo, _STREAM])
    plain = draw_scene(seed, person, photo)
    cover: Cover = COVERS[rng.integers(len(COVERS))] if rng.random() < COVERED and is_sibling(person) else "nothing"
    share = SIBLINGS_HARDNESS if is_sibling(person) else OTHERS_HARDNESS
    side = float(rng.normal(0.0, 0.75))

    def harder(easy: float, hard: float) -> float:
        return easy + share * (hard - easy)

    lamp = (side, float(rng.normal(-0.45, 0.35)), 1.0)
    return replace(
        plain,
        yaw=harder(plain.yaw, float(np.clip(plain.yaw * 1.3, -0.5, 0.5))),
        light=(harder(plain.light[0], lamp[0]), harder(plain.light[1], lamp[1]), 1.0),
        ambient=max(0.05, harder(plain.ambient, rng.uniform(0.22, 0.44))),
        warmth=harder(plain.warmth, 2.0 * plain.warmth),
        exposure=harder(plain.exposure, rng.uniform(0.7, 1.3)),
        grain=max(0.5, harder(plain.grain, rng.uniform(2.0, 10.0))),
        blur=max(0.2, harder(plain.blur, rng.uniform(0.4, 1.8))),
        age=min(1.5, share * float(rng.random() ** 1.5)),
        cover=cover,
    )


def aged(person: Identity, age: float) -> Identity:
    """The person some years older, `age` as in Scene: grey hair that recedes, thinner lips, heavier lids and jaw."""
    if age <= 0.0:
        return person
    hair = _mix(person.hair, GREY, min(1.0, 1.1 * age**1.5))
    return replace(
        person,
        hair=hair,
        hairline=person.hairline - 0.14 * age,
        hair_volume=1.0 + (person.hair_volume - 1.0) * (1.0 - 0.6 * age),
        face_width=person.face_width * (1.0 + 0.05 * age),
        jaw=person.jaw * (1.0 - 0.6 * age),
        lip_fullness=person.lip_fullness * (1.0 - 0.4 * age),
        brow_height=person.brow_height - 0.025 * age,
        eye_size=person.eye_size * (1.0 - 0.1 * age),
        nose_width=person.nose_width * (1.0 + 0.12 * age),
        nose_length=person.nose_length * (1.0 + 0.06 * age),
    )


def _between(first: Identity, second: Identity, share: float) -> Identity:
    """Traits `share` of the way from the first to the second; hair and beard are the first's."""
    kept = {"hair_length", "beard", "moustache"}
    mixed: dict[str, Any] = {}
    for field in fields(Identity):
        here, there = getattr(first, field.name), getattr(second, field.name)
        if field.name not in kept:
            mixed[field.name] = _mix(here, there, share) if isinstance(here, tuple) else here + share * (there - here)
    return replace(first, **mixed)


def _mix(first: tuple[float, ...], second: tuple[float, ...], share: float) -> Any:
    return tuple(here + share * (there - here) for here, there in zip(first, second, strict=True))
