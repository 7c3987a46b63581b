"""Photos that are hard to tell apart: siblings, ages, covered faces."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace

import numpy as np

from workers.synthetic.hard_photos import GROUP, aged, draw_hard_scene, draw_look_alike, is_sibling
from workers.synthetic.identity import Identity, draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene

SEED = 1


def apart(first: Identity, second: Identity) -> float:
    """Sum of the differences of the traits that are lengths, in head units."""
    mine, other = asdict(first), asdict(second)
    kept = ("face_width", "eye_spacing", "eye_height", "nose_length", "nose_width", "mouth_height", "mouth_width")
    return float(sum(abs(mine[name] - other[name]) for name in kept))


def test_the_first_two_of_each_twelve_people_are_siblings_and_the_others_are_those_of_plain_photos() -> None:
    siblings = [person for person in range(2 * GROUP) if is_sibling(person)]
    assert siblings == [0, 1, GROUP, GROUP + 1]
    changed = [n for n in range(2 * GROUP) if draw_look_alike(SEED, n) != draw_identity(SEED, n)]
    assert changed == [1, GROUP + 1]
    for first, second in ((0, 1), (GROUP, GROUP + 1)):
        alone = apart(draw_identity(SEED, first), draw_identity(SEED, second))
        assert apart(draw_look_alike(SEED, first), draw_look_alike(SEED, second)) < 0.5 * alone


def test_only_siblings_are_covered_in_about_a_third_of_their_photos() -> None:
    covers = Counter(draw_hard_scene(SEED, 0, photo).cover for photo in range(300))
    assert covers.keys() == {"nothing", "sunglasses", "mask", "hand"}
    assert 60 <= 300 - covers["nothing"] <= 120
    assert {draw_hard_scene(SEED, 5, photo).cover for photo in range(50)} == {"nothing"}


def test_the_same_numbers_give_the_same_photo() -> None:
    scene = draw_hard_scene(SEED, 1, 3)
    assert scene == draw_hard_scene(SEED, 1, 3)
    person = aged(draw_look_alike(SEED, 1), scene.age)
    assert np.array_equal(render(person, scene, 64), render(person, scene, 64))


def test_age_and_every_cover_change_the_face_and_not_the_background() -> None:
    person, plain = draw_identity(SEED, 0), draw_scene(SEED, 0, 0)
    before = render(person, plain, 96)
    changes = [replace(plain, cover=cover) for cover in ("sunglasses", "mask", "hand")] + [replace(plain, age=1.0)]
    for scene in changes:
        differs = np.any(render(person, scene, 96) != before, axis=2)
        assert 20 < differs.sum() < 0.5 * differs.size
        assert not differs[:8].any()
        assert not differs[:, :8].any()


def test_an_older_person_is_greyer_and_a_person_of_no_age_the_same() -> None:
    person = draw_identity(SEED, 3)
    assert aged(person, 0.0) is person
    young, old = (np.ptp(aged(person, age).hair) for age in (0.1, 1.5))
    assert old <= young
    assert aged(person, 1.5).lip_fullness < person.lip_fullness
