"""Pictures as Python has them (path, bytes, PIL image, array) as the bytes of an image file, which the engine reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.inference.media_type import read_regular
from storage.errors import InputError
from workers.faces.refusal import Refusal

PNG_LEVEL = 1
"""The fastest compression; pixels stay as they are at any."""


def picture_bytes(picture: Any, most_bytes: int) -> bytes | Refusal:
    """The bytes of an image file, or why there are none.

    Args:
        picture: a path; the bytes of a file; a PIL image; or an array (height, width, 3) or (height, width) uint8, RGB
            or grey, 0 to 255.
        most_bytes: of a file; one byte more is read, by which a larger one is known.

    Raises:
        InputError: it is nothing of these.

    >>> picture_bytes(np.zeros((40, 40, 3), np.uint8), 1000)[:4]
    b'\\x89PNG'
    >>> picture_bytes(np.zeros((40, 40, 3)), 1000)
    Traceback (most recent call last):
    storage.errors.InputError: an array of float64 is no picture. Give uint8, 0 to 255
    """
    if isinstance(picture, str | os.PathLike):
        return read_regular(Path(picture), most_bytes + 1)
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture)
    if isinstance(picture, np.ndarray):
        return _png(picture)
    if hasattr(picture, "convert") and hasattr(picture, "getexif"):
        from PIL import ImageOps

        return _png(np.asarray(ImageOps.exif_transpose(picture).convert("RGB")))
    raise InputError(
        f"{type(picture).__name__!r} is no picture", "Give a path, bytes, a PIL image, or an RGB array of uint8"
    )


def name_of_picture(picture: Any) -> str:
    """What an error calls a picture: its path, or what kind of thing it is."""
    return str(picture) if isinstance(picture, str | os.PathLike) else f"the {type(picture).__name__}"


def _png(array: np.ndarray[Any, Any]) -> bytes:
    import cv2

    if array.dtype != np.uint8:
        raise InputError(f"an array of {array.dtype} is no picture", "Give uint8, 0 to 255")
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)) or 0 in array.shape:
        raise InputError(f"an array of shape {array.shape} is no picture", "Give (height, width, 3), RGB")
    channels = array if array.ndim == 2 else array[..., ::-1]
    done, data = cv2.imencode(".png", np.ascontiguousarray(channels), [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if not done:
        raise InputError(f"an array of shape {array.shape} cannot be read as a picture", "Give a smaller one")
    return data.tobytes()
