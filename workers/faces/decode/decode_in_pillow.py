"""Decode what Pillow has opened: a large JPEG at a half, a quarter or an eighth, everything else whole."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from workers.faces.decode.cut_jpeg import read_cut_jpeg
from workers.faces.decode.jpeg_file import coefficient_bytes
from workers.faces.decode.pillow_formats import open_in_pillow
from workers.faces.decode.to_rgb import small_rgb
from workers.faces.photo import Pixels
from workers.faces.refusal import Refusal

if TYPE_CHECKING:
    from PIL.Image import Image

CUT = "truncated"
"""In Pillow's error for a file that ends too early."""

PROGRESSIVE_BYTES = 900_000_000
"""Where a progressive JPEG takes more, memory is why it cannot be decoded."""


def read_in_pillow(image: Image, data: bytes, working_side: int) -> tuple[Pixels, str] | Refusal:
    """The pixels of an image, (height, width, 3) RGB as stored, and a note about what is missing of them.

    Args:
        image: opened, not decoded.
        data: the essence that it was opened from.
        working_side: pixels; the longest side becomes shorter than twice that.

    Raises:
        What Pillow's parsers raise on malformed bytes.
    """
    note = ""
    try:
        image = _loaded(image, working_side)
    except OSError as error:
        if image.format != "JPEG" or CUT not in str(error):
            needed = coefficient_bytes(data)
            if needed > PROGRESSIVE_BYTES:  # libjpeg does not say that memory was the cause
                return Refusal("too_large", f"progressive JPEG, which takes {needed / 1e6:.0f} MB to decode")
            raise
        found = read_cut_jpeg(data, lambda cut, lenient: _loaded(open_in_pillow(cut), working_side, lenient))
        if isinstance(found, Refusal):
            return found
        image, note = found
    return np.asarray(small_rgb(image, max(image.size) // working_side)), note


def _loaded(image: Image, working_side: int, lenient: bool = False) -> Image:
    """Decoded; `lenient` accepts a file that ends too early."""
    from PIL import ImageFile

    if lenient:  # else Pillow adds an end mark, and rows that are missing could not be told from grey ones
        vars(image)["_ended"] = True
    longest = max(image.size)
    if image.format == "JPEG" and longest >= 2 * working_side:
        smaller = working_side / longest
        image.draft(None, (int(image.width * smaller), int(image.height * smaller)))
    ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return image
