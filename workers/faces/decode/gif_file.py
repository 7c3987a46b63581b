"""The blocks of a GIF: its first frame, and the size of it.

Pillow fills a GIF's background when it opens the file (44 bytes can take four gigabytes), and joins comments block by
block (16 MB take minutes). So it sees the first frame alone, and only when its size is accepted.
Source: the GIF89a specification, sections 17 to 24.
"""

from __future__ import annotations

import struct

from workers.faces.decode.essence import Essence
from workers.faces.refusal import Refusal

MARKS = (b"GIF87a", b"GIF89a")
FRAME, EXTENSION, END = b",!;"
CONTROL = 0xF9
"""Label of the extension that says which colour of the next frame is transparent."""

MOST_GIF_PIXELS = 200_000_000
"""No larger GIF is opened, whatever the limits say: its background takes 200 MB."""

MOST_EXTENSIONS = 4_096
"""Before the first frame."""

_SCREEN_BYTES = 13
"""Mark, width, height, flags, background, aspect."""


def gif_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of the screen and the first frame together, as Pillow reads them.

    Returns (0, 0) for bytes that are not a GIF.

    >>> gif_size(b"GIF89a" + bytes([64, 0, 48, 0, 0, 0, 0]) + b";")
    (64, 48)
    """
    if not data.startswith(MARKS) or len(data) < _SCREEN_BYTES:
        return 0, 0
    width, height = struct.unpack_from("<HH", data, 6)
    at = _after_table(data, 10, _SCREEN_BYTES)
    while at < len(data) and data[at] != END:
        if data[at] == FRAME and at + 9 <= len(data):
            left, top, across, down = struct.unpack_from("<HHHH", data, at + 1)
            return max(width, left + across), max(height, top + down)
        at = _after_blocks(data, at + 2) if data[at] == EXTENSION else _after_rubbish(data, at + 1)
    return width, height


def gif_essence(data: bytes) -> Essence | Refusal:
    """The screen and the first frame; a `Refusal` for too many extensions before it."""
    if len(data) < _SCREEN_BYTES:
        return Essence(data, 1)
    at = _after_table(data, 10, _SCREEN_BYTES)
    kept = [data[:at]]
    extensions = 0
    while at < len(data) and data[at] != END:
        if data[at] == FRAME:
            end = _after_blocks(data, _after_table(data, at + 9, at + 10) + 1)
            return Essence(b"".join([*kept, data[at:end], bytes([END]) if end <= len(data) else b""]), 1)
        begin = at
        if data[at] == EXTENSION:
            at = _after_blocks(data, at + 2)
            if data[begin + 1 : begin + 2] == bytes([CONTROL]):
                kept.append(data[begin:at])
            extensions += 1
            if extensions > MOST_EXTENSIONS:
                return Refusal("unreadable", f"GIF: more than {MOST_EXTENSIONS} extensions before its picture")
        else:
            at = _after_rubbish(data, at + 1)
    return Essence(b"".join(kept), 1)


def _after_table(data: bytes, flags_at: int, at: int) -> int:
    """Offset after the colour table that the flags announce."""
    flags = data[flags_at] if flags_at < len(data) else 0
    return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _after_blocks(data: bytes, at: int) -> int:
    """Offset after blocks that each begin with their length, until an empty one; beyond the end where they are cut."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _after_rubbish(data: bytes, at: int) -> int:
    """Offset of the next byte that begins anything."""
    found = [place for mark in (FRAME, EXTENSION, END) if (place := data.find(mark, at)) >= 0]
    return min(found, default=len(data))
