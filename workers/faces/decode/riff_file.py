"""The chunks of a WebP: its orientation. The picture is decoded from the whole file.

Source: RFC 9649, section 2.
"""

from __future__ import annotations

from workers.faces.decode.essence import Essence
from workers.faces.decode.exif import exif_orientation
from workers.faces.refusal import Refusal

MOST_CHUNKS = 4_096
"""An animation has one a frame; its first frame is all that is read."""


def riff_essence(data: bytes) -> Essence | Refusal:
    """The WebP, and its orientation; a `Refusal` for too many chunks."""
    found = {b"EXIF": b"", b"XMP ": b""}
    at = 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            return Essence(data, exif_orientation(found[b"EXIF"], found[b"XMP "]))
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind in found and not found[kind]:
            found[kind] = data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)
    return Refusal("unreadable", f"WEBP: more than {MOST_CHUNKS} chunks")
