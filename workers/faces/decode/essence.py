"""The essence of a file: the bytes that its picture needs, and its orientation.

`essence_of` looks at the structure of a file with our own bounded parsers before any library sees it. Text, colour
profiles, comments, previews and padding are left out; too many segments, chunks, strips or tiles are a `Refusal`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.faces.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Essence:
    """What a library may see of a file.

    Attributes:
        data: the file without what the picture does not need.
        orientation: EXIF, 1-8, also from XMP; None where the library that decodes the format tells it.
        is_mpo: a JPEG that holds several pictures.
    """

    data: bytes
    orientation: int | None = None
    is_mpo: bool = False


PPM_HEADER_BYTES = 65_536
"""A PPM's header is text with comments of any length; Pillow reads it a byte at a time."""


def essence_of(data: bytes, name: str) -> Essence | Refusal:
    """The essence of a file of the format that `file_kind` found."""
    from workers.faces.decode import gif_file, jpeg_file, png_file, riff_file, tiff_file

    parsers: dict[str, Callable[[bytes], Essence | Refusal]] = {
        "JPEG": jpeg_file.jpeg_essence,
        "PNG": png_file.png_essence,
        "GIF": gif_file.gif_essence,
        "TIFF": tiff_file.tiff_essence,
        "WEBP": riff_file.riff_essence,
        "PPM": _ppm_essence,
        "BMP": lambda whole: Essence(whole, 1),
    }
    return parsers[name](data) if name in parsers else Essence(data)


def _ppm_essence(data: bytes) -> Essence | Refusal:
    head = re.sub(rb"#[^\r\n]*(?:[\r\n]|$)", b"", data[:PPM_HEADER_BYTES])
    if len(data) > PPM_HEADER_BYTES and len(head.split(None, 4)) < 4:
        return Refusal("unreadable", f"PPM: a header longer than {PPM_HEADER_BYTES} bytes")
    return Essence(data, 1)
