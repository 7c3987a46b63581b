"""Decode a HEIC without the copy that Pillow makes of it: four and a half bytes a pixel instead of seven."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workers.faces.decode.clean_jpeg import Room
from workers.faces.decode.to_rgb import small_pixels
from workers.faces.photo import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image


def read_heif(image: Image, factor: int, room: Room) -> Pixels | None:
    """The pixels, (height, width, 3) RGB, averaged over blocks of `factor` x `factor`.

    Args:
        image: opened by pi-heif, not decoded.
        room: where the pixels are written if they are not averaged.

    Returns:
        The pixels, as Pillow would give them; None for what is left to it: other colours, and every file where pi-heif
        has changed.

    Raises:
        What libheif raises on malformed bytes.
    """
    file: Any = vars(image).get("_heif_file")  # of pi-heif 1.4, and no promise of its
    if file is None:
        return None
    frame = file[image.tell()]
    if frame.mode != "RGB":
        return None
    data = frame.data  # decodes, after which the size may be another
    if frame.mode != "RGB" or frame.size != image.size:
        return None
    shape = image.height, image.width, 3
    pixels: Pixels = np.ndarray(shape, np.uint8, buffer=data, strides=(frame.stride, 3, 1))
    if factor >= 2:
        return small_pixels(pixels, factor)
    copy: Pixels = room(pixels.size).reshape(shape)
    copy[:] = pixels  # which are gone when the image is
    return copy
