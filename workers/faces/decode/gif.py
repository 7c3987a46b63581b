"""The size of a GIF, read from its bytes before Pillow opens it.

Pillow fills a GIF's background when it opens the file: 44 bytes can take four gigabytes and eight seconds. This parser
stays until image files are read in a process with limits; every other format states its size in its header.
"""

from __future__ import annotations

import struct

MARKS = (b"GIF87a", b"GIF89a")
FRAME, EXTENSION, END = b",!;"

MOST_GIF_PIXELS = 200_000_000
"""No larger GIF is opened, whatever the limits say: its background takes 200 MB."""

_SCREEN_BYTES = 13
"""Mark, width, height, flags, background, aspect."""


def gif_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of the screen and the first frame together, as Pillow reads them.

    Source: GIF89a specification, sections 17 to 24. Returns (0, 0) for bytes that are not a GIF.

    >>> gif_size(b"GIF89a" + bytes([64, 0, 48, 0, 0, 0, 0]) + b";")
    (64, 48)
    """
    if not data.startswith(MARKS) or len(data) < _SCREEN_BYTES:
        return 0, 0
    width, height = struct.unpack_from("<HH", data, 6)
    flags = data[10]
    at = _SCREEN_BYTES + (3 << (flags & 7) + 1 if flags & 0x80 else 0)  # a colour table may follow
    while at < len(data) and data[at] != END:
        if data[at] == FRAME and at + 9 <= len(data):
            left, top, across, down = struct.unpack_from("<HHHH", data, at + 1)
            return max(width, left + across), max(height, top + down)
        at = _after_extension(data, at) if data[at] == EXTENSION else at + 1
    return width, height


def _after_extension(data: bytes, at: int) -> int:
    """Offset after an extension: two bytes, then blocks that each begin with their length, until an empty one."""
    at += 2
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
