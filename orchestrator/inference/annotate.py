"""Boxes and names on a picture. A name may hold any letters, and none: it is shown, never interpreted."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.faces.photo import Pixels
from workers.learning.configurations import UNKNOWN

LONGEST_NAME = 28
"""Letters; a longer name would cover its neighbours."""

COLOURS = (
    (31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14),
    (23, 190, 207), (227, 119, 194), (140, 86, 75), (188, 189, 34), (57, 59, 121),
)  # fmt: skip
"""RGB, told apart by most eyes; the eleventh person shares the first one's."""

GREY = (120, 120, 120)


@dataclass(frozen=True)
class Tag:
    """A box and what is to be written above it.

    Attributes:
        box: left, top, right, bottom; right and bottom inclusive; pixels of the picture; may leave it.
        text: any text.
        colour: RGB.
    """

    box: tuple[int, int, int, int]
    text: str
    colour: tuple[int, int, int]


class Palette:
    """A colour and a drawable text for each person."""

    def __init__(self, people: Sequence[str]) -> None:
        self._number = {name: number for number, name in enumerate(people)}

    def tag(self, box: tuple[int, int, int, int], name: str, percent: float) -> Tag:
        """A person's tag; the name stands with the score in per cent."""
        if name == UNKNOWN:
            return Tag(box, UNKNOWN, GREY)
        number = self._number[name]
        return Tag(box, f"{drawable_name(name, number + 1)} {percent:.0%}", COLOURS[number % len(COLOURS)])


def drawable_name(name: str, number: int) -> str:
    """The name in letters that the font has, short enough to fit.

    Letters that it lacks become '?', and the person's number is put in front, since two such names may look alike.
    """
    known = _letters()
    shown = "".join(letter if ord(letter) in known and letter.isprintable() else "?" for letter in name)
    if shown != name:
        shown = f"#{number} {shown}"
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


def draw(rgb: Pixels, tags: Sequence[Tag]) -> Pixels:
    """A copy of a picture, (height, width, 3) RGB uint8, with the tags on it."""
    import cv2

    picture = rgb.copy()
    unit = max(1, round(max(rgb.shape[:2]) / 640))  # lines and letters grow with the picture
    for tag in tags:
        left, top, right, bottom = tag.box
        cv2.rectangle(picture, (left, top), (right, bottom), tag.colour, 2 * unit)
    for tag in tags:  # after all boxes: a name must not be crossed out
        _paste(picture, _render_label(tag.text, tag.colour, 13 * unit), tag.box[0], tag.box[1])
    return picture


def _paste(picture: Pixels, label: Pixels, left: int, bottom: int) -> None:
    """Put the label above a box, moved as far as needed to lie inside the picture; cut where it is too large."""
    height, width = picture.shape[:2]
    top = min(max(bottom - label.shape[0], 0), max(height - label.shape[0], 0))
    left = min(max(left, 0), max(width - label.shape[1], 0))
    place = picture[top : top + label.shape[0], left : left + label.shape[1]]
    place[:] = label[: place.shape[0], : place.shape[1]]


@functools.lru_cache(maxsize=512)
def _render_label(text: str, colour: tuple[int, int, int], size: int) -> Pixels:
    """White letters on the colour; kept, because a video writes the same names on every frame."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(_font_path()), size)
    left, _, right, _ = font.getbbox(text)
    margin = size // 4
    image = Image.new("RGB", (int(right - left) + 2 * margin, int(size * 1.2) + 2 * margin), colour)
    ImageDraw.Draw(image).text((margin - left, margin), text, font=font, fill=(255, 255, 255))
    return np.asarray(image)


@functools.cache
def _font_path() -> str:
    """DejaVu Sans, which comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Armenian, Georgian, ..."""
    from matplotlib import font_manager

    return str(font_manager.findfont("DejaVu Sans"))


@functools.cache
def _letters() -> frozenset[int]:
    """The code points that the font can draw."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(_font_path()).get_charmap())
