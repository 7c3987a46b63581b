"""The first directory of a TIFF, judged before libtiff sees it: its strips, tiles and tables.

Source: TIFF 6.0, sections 8 and 15.
"""

from __future__ import annotations

from workers.faces.decode.essence import Essence
from workers.faces.decode.exif import Directory, first_directory
from workers.faces.refusal import Refusal

MOST_PIECES = 65_536
"""Strips or tiles: one a row of a picture with so many rows."""

MOST_TILE_PIXELS = 1 << 24
"""4096 x 4096; usual are 256 x 256. A tile is in memory whole, however small the picture is."""

MOST_SAMPLES = 8
"""Colours and transparency of a pixel."""

_TILE_WIDTH, _TILE_HEIGHT, _SAMPLES = 322, 323, 277
_PIECE_TAGS = {273: "strips", 279: "strips", 324: "tiles", 325: "tiles"}


def tiff_essence(data: bytes) -> Essence | Refusal:
    """The TIFF; a `Refusal` where its directory asks for more work or memory than any photo does.

    Pillow turns a TIFF by its own orientation.
    """
    try:
        directory = first_directory(data)
    except ValueError as error:
        return Refusal("unreadable", f"TIFF: {error}")
    refused = _refusal(directory)
    return Refusal("unreadable", f"TIFF: {refused}") if refused else Essence(data)


def _refusal(directory: Directory) -> str:
    """Why this file is not given to libtiff; empty if it is."""
    for entry in directory.entries:
        if entry.tag in _PIECE_TAGS and entry.length > MOST_PIECES:
            return f"{entry.length} {_PIECE_TAGS[entry.tag]}; at most {MOST_PIECES} are read"
    wide, high = directory.number(_TILE_WIDTH), directory.number(_TILE_HEIGHT)
    if wide and high and wide * high > MOST_TILE_PIXELS:
        return f"tiles of {wide} x {high} pixels; at most {MOST_TILE_PIXELS} pixels are read"
    if (directory.number(_SAMPLES) or 1) > MOST_SAMPLES:
        return f"more than {MOST_SAMPLES} samples a pixel"
    if sum(entry.size for entry in directory.entries) > 2 * len(directory.data):
        return "its tags are larger than the file"
    return ""
