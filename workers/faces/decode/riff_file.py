"""The chunks of a WebP: its orientation, and of an animation the first frame alone.

Source: RFC 9649, section 2.
"""

from __future__ import annotations

from workers.faces.decode.essence import Essence
from workers.faces.decode.exif import exif_orientation
from workers.faces.refusal import Refusal

MOST_CHUNKS = 4_096
"""An animation has one a frame; its first frame is all that is read."""

_RIFF_HEAD_BYTES = 8
"""A mark and the length of all that follows."""

_FRAME_HEAD_BYTES = 16
"""Place, size, duration and flags of a frame of an animation."""

ALPHA = 0x10
"""Of the flags of a WebP; the others announce an animation and chunks beside the picture."""


def riff_essence(data: bytes) -> Essence | Refusal:
    """The WebP, and its orientation; a `Refusal` for too many chunks."""
    found = {b"EXIF": b"", b"XMP ": b"", b"VP8X": b"", b"ANMF": b""}
    at = _RIFF_HEAD_BYTES + 4
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            is_whole = _RIFF_HEAD_BYTES + int.from_bytes(data[4:8], "little") <= len(data)
            still = _first_frame(found[b"VP8X"], found[b"ANMF"]) if is_whole else b""
            return Essence(still or data, exif_orientation(found[b"EXIF"], found[b"XMP "]))
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind in found and not found[kind]:
            found[kind] = data[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)
    return Refusal("unreadable", f"WEBP: more than {MOST_CHUNKS} chunks")


def _first_frame(canvas: bytes, frame: bytes) -> bytes:
    """A WebP of one frame of an animation; empty where it does not fill the canvas, or there is none."""
    if len(canvas) != 10 or frame[:12] != bytes(6) + canvas[4:]:
        return b""
    still = bytes([canvas[0] & ALPHA]) + canvas[1:]
    body = b"WEBPVP8X" + len(still).to_bytes(4, "little") + still + frame[_FRAME_HEAD_BYTES:]
    return b"RIFF" + len(body).to_bytes(4, "little") + body
