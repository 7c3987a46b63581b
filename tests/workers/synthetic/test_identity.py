"""Who somebody is."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest

from workers.synthetic.identity import draw_identity


def test_the_same_numbers_always_give_the_same_person() -> None:
    assert draw_identity(3, 5) == draw_identity(3, 5)


@pytest.mark.parametrize("other", [(3, 6), (4, 5)])
def test_another_seed_or_index_gives_another_person(other: tuple[int, int]) -> None:
    assert draw_identity(*other) != draw_identity(3, 5)


def test_every_person_has_a_human_skin_colour() -> None:
    for index in range(200):
        person = draw_identity(1, index)
        for red, green, blue in (person.skin, person.lips):
            assert red > green > blue, f"person {index} is not of a human colour"
        assert all(0 <= value <= 255 for colour in (person.hair, person.iris) for value in colour)


def test_few_people_cover_light_and_dark_skin() -> None:
    brightness = [sum(draw_identity(8, index).skin) / 3 for index in range(12)]
    assert max(brightness) > 190
    assert min(brightness) < 90


def test_an_identity_is_plain_python_values() -> None:
    def leaves(value: Any) -> list[Any]:
        return [leaf for part in value for leaf in leaves(part)] if isinstance(value, tuple) else [value]

    assert {type(leaf) for leaf in leaves(astuple(draw_identity(0, 0)))} == {float}
