"""Any name can be drawn, and says nothing to the machine that draws it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.inference.annotate import GREY, LONGEST_NAME, Palette, Tag, draw, drawable_name
from workers.learning.configurations import UNKNOWN

PICTURE = np.full((120, 200, 3), 255, np.uint8)


@pytest.mark.parametrize("name", ["Ödön", "Ирина", "Ελένη", "محمد", "Łucja Żak"])
def test_letters_that_the_font_has_are_drawn_as_they_are(name: str) -> None:
    assert drawable_name(name, 3) == name


def test_missing_characters_become_question_marks_with_the_persons_number() -> None:
    assert drawable_name("张伟", 3) == "#3 ??"
    assert drawable_name("a\x1b[31m\u202e\n", 1) == "#1 a?[31m??"


def test_two_people_whose_names_cannot_be_drawn_stay_apart() -> None:
    palette = Palette(["张伟", "李娜"])
    first, second = (palette.tag((0, 0, 9, 9), name, 50) for name in ("张伟", "李娜"))
    assert first.text != second.text
    assert first.colour != second.colour


def test_a_long_name_is_cut() -> None:
    assert len(drawable_name("x" * 500, 1)) == LONGEST_NAME


def test_the_unknown_are_grey() -> None:
    assert Palette(["a"]).tag((0, 0, 9, 9), UNKNOWN, 31.4) == Tag((0, 0, 9, 9), "unknown 31 %", GREY)


def test_the_original_keeps_its_pixels() -> None:
    drawn = draw(PICTURE, [Tag((50, 50, 120, 100), "ada", (214, 39, 40))])
    assert (PICTURE == 255).all()
    assert tuple(drawn[75, 50]) == (214, 39, 40)
    assert (drawn[60:90, 60:110] == 255).all()


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=40),
    st.tuples(*[st.integers(-500, 500)] * 4),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
def test_any_name_and_any_box_on_any_picture_can_be_drawn(
    name: str, box: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    drawn = draw(picture, [Palette([name]).tag(box, name, 100)])
    assert drawn.shape == picture.shape
