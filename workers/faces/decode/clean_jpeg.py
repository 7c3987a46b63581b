"""Decode a JPEG in which nothing is amiss straight to RGB, in two thirds of Pillow's time.

libjpeg-turbo writes the pixels where they are wanted; Pillow keeps four bytes a pixel and copies them twice. A file of
which libjpeg has anything to say is left to Pillow: what is read here has the pixels that Pillow would give.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from workers.faces.photo import Pixels

Room = Callable[[int], npt.NDArray[np.uint8]]
"""Gives memory for so many bytes, (bytes,) uint8. What it gave before is given up."""

COLOURS = ("YCbCr", "Gray")
"""As photos have them. Print colours and plain RGB are left to Pillow."""


def own_room(size: int) -> npt.NDArray[np.uint8]:
    """New memory."""
    return np.empty(size, np.uint8)


def read_clean_jpeg(data: bytes, size: tuple[int, int], room: Room) -> Pixels | None:
    """The pixels of a JPEG at full size, (height, width, 3) RGB, in the room; None where Pillow shall judge the file.

    Args:
        data: the essence of the file.
        size: (width, height) in Pillow's reading of the header, which is within the limits; another is Pillow's matter.
    """
    import simplejpeg

    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in COLOURS or (width, height) != size:
            return None
        pixels: Pixels = simplejpeg.decode_jpeg(data, "RGB", buffer=room(3 * height * width))
    except ValueError:  # any error, and any warning
        return None
    return pixels
