"""Check what the reading process answers: a photo may have taken it over."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from workers.faces.decode.read_image import Header
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

REFUSALS = ("unreadable", "too_large", "too_small")
"""Outcomes that the reading process may give; `guarded_reader` gives the others."""

NONSENSE = (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError)
"""What `json.loads` and `checked_answer` raise where an answer is none."""

Answer = Header | Photo | Refusal


def checked_answer(answer: dict[str, Any], outgoing: int, most_pixels: int) -> Answer:
    """The answer for one file.

    Args:
        outgoing: descriptor of the shared memory with the pixels, (height, width, 3) RGB uint8; they are copied.
        most_pixels: of a photo.

    Raises:
        One of NONSENSE: it is no answer, or states more pixels than were written or allowed.
    """
    if "refused" in answer:
        outcome, reason = map(str, answer["refused"])
        if outcome not in REFUSALS:
            raise ValueError(outcome)
        return Refusal(outcome, reason)
    if "header" in answer:
        width, height, kind, orientation = answer["header"]
        return Header(int(width), int(height), str(kind), int(orientation))
    height, width, colours = answer["shape"]
    rgb = _copied(height, width, colours, outgoing, most_pixels)
    return Photo(rgb, float(answer["scale"]), reading=str(answer["reading"]))


def _copied(height: int, width: int, colours: int, outgoing: int, most_pixels: int) -> Pixels:
    written = os.fstat(outgoing).st_size
    if colours != 3 or min(height, width) < 1 or height * width > min(most_pixels, written // 3):
        raise ValueError("more pixels are stated than were written or asked for")
    rgb = np.empty((height, width, 3), np.uint8)
    pixels, at = rgb.data.cast("B"), 0
    while at < len(pixels):
        count = os.preadv(outgoing, [pixels[at:]], at)
        if not count:  # the memory was cut meanwhile
            raise ValueError("fewer pixels are there than were written")
        at += count
    return rgb
