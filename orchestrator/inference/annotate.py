"""Draw boxes and names on a picture. A name is drawn as text, whatever characters it holds."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.faces.models.quiet_libraries import quiet_libraries
from workers.faces.photo import Pixels
from workers.learning.configurations import UNKNOWN

LONGEST_NAME = 28
"""Characters; a longer name would cover other faces."""

COLOURS = (
    (31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14),
    (23, 190, 207), (227, 119, 194), (140, 86, 75), (188, 189, 34), (57, 59, 121),
)  # fmt: skip
"""RGB, easy to distinguish; the eleventh person has the colour of the first."""

GREY = (120, 120, 120)
"""RGB, of unknown people."""


@dataclass(frozen=True)
class Tag:
    """A box and the text above it.

    Attributes:
        box: left, top, right, bottom in pixels of the picture; right and bottom are inclusive; may reach beyond it.
        text: characters that the font has.
        colour: RGB, 0 to 255.
    """

    box: tuple[int, int, int, int]
    text: str
    colour: tuple[int, int, int]


class Palette:
    """A colour and a text in the font's characters for each person."""

    def __init__(self, people: Sequence[str]) -> None:
        self._number = {name: number for number, name in enumerate(people)}

    def tag(self, box: tuple[int, int, int, int], name: str, likeness: float) -> Tag:
        """The tag of a face: its name and the likeness, 0 to 100 %.

        Raises:
            KeyError: `name` is neither UNKNOWN nor one of the people.
        """
        if name == UNKNOWN:
            return Tag(box, f"{UNKNOWN} {likeness:.0f} %", GREY)
        number = self._number[name]
        return Tag(box, f"{drawable_name(name, number + 1)} {likeness:.0f} %", COLOURS[number % len(COLOURS)])


def drawable_name(name: str, number: int) -> str:
    """The name in characters that the font has, at most LONGEST_NAME of them.

    Other characters become '?'. Then two names may look alike, so the person's number is put in front.
    """
    known = _letters()
    shown = "".join(letter if ord(letter) in known and letter.isprintable() else "?" for letter in name)
    if shown != name:
        shown = f"#{number} {shown}"
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


def draw(rgb: Pixels, tags: Sequence[Tag]) -> Pixels:
    """A copy of a picture, (height, width, 3) uint8 RGB, with the tags drawn on it."""
    import cv2

    picture = rgb.copy()
    unit = max(1, round(max(rgb.shape[:2]) / 640))  # lines and text grow with the picture
    for tag in tags:
        left, top, right, bottom = tag.box
        cv2.rectangle(picture, (left, top), (right, bottom), tag.colour, 2 * unit)
    for tag in tags:  # after all boxes, so that no box crosses a name
        _paste(picture, _render_label(tag.text, tag.colour, 13 * unit), tag.box[0], tag.box[1])
    return picture


def _paste(picture: Pixels, label: Pixels, left: int, bottom: int) -> None:
    """Put the label above a box, in place; moved to lie inside the picture, cut where it is larger than the picture."""
    height, width = picture.shape[:2]
    top = min(max(bottom - label.shape[0], 0), max(height - label.shape[0], 0))
    left = min(max(left, 0), max(width - label.shape[1], 0))
    place = picture[top : top + label.shape[0], left : left + label.shape[1]]
    place[:] = label[: place.shape[0], : place.shape[1]]


@functools.lru_cache(maxsize=512)
def _render_label(text: str, colour: tuple[int, int, int], size: int) -> Pixels:
    """White text on the colour, (height, width, 3) uint8 RGB; cached, because every frame of a video shows the same."""
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
    quiet_libraries()
    with contextlib.chdir(os.sep):  # matplotlib obeys a matplotlibrc in the current folder, here one of photos
        from matplotlib import font_manager

    return str(font_manager.findfont("DejaVu Sans"))


@functools.cache
def _letters() -> frozenset[int]:
    """The code points that the font can draw."""
    path = _font_path()
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())
