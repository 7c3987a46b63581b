"""How large a GIF will be, before a decoder opens it.

Pillow may paint a GIF's background as soon as it opens it: a file of 44 bytes takes four gigabytes and eight seconds.
"""

from __future__ import annotations

import struct

MARKS = (b"GIF87a", b"GIF89a")
FRAME, EXTENSION, END = b",!;"

MOST_GIF_PIXELS = 200_000_000
"""No GIF beyond it is opened, whatever the limits say: 200 MB of background."""

_SCREEN_BYTES = 13
"""Mark, width, height, flags, background, aspect."""


def gif_size(data: bytes) -> tuple[int, int]:
    """Width and height of the screen and of the first frame together, as Pillow reads them; (0, 0) if it is no GIF.

    GIF89a specification, sections 17 to 24.
    """
    if not data.startswith(MARKS) or len(data) < _SCREEN_BYTES:
        return 0, 0
    width, height = struct.unpack_from("<HH", data, 6)
    flags = data[10]
    at = _SCREEN_BYTES + (3 << (flags & 7) + 1 if flags & 0x80 else 0)  # a table of colours may follow
    while at < len(data) and data[at] != END:
        if data[at] == FRAME and at + 9 <= len(data):
            left, top, across, down = struct.unpack_from("<HHHH", data, at + 1)
            return max(width, left + across), max(height, top + down)
        at = _after_extension(data, at) if data[at] == EXTENSION else at + 1
    return width, height


def _after_extension(data: bytes, at: int) -> int:
    """Where an extension ends: its two bytes, then blocks, each with its length before it, until an empty one."""
    at += 2
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
