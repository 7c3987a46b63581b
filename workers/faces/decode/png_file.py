"""The chunks of a PNG: those that its picture needs, and its orientation.

Source: the PNG specification, third edition, sections 5 and 11.
"""

from __future__ import annotations

import zlib

from workers.faces.decode.essence import Essence
from workers.faces.decode.exif import exif_orientation
from workers.faces.refusal import Refusal

MARK = b"\x89PNG\r\n\x1a\n"

MOST_CHUNKS = 65_536
"""Encoders write chunks of 8 kB and more: half a gigabyte."""

MOST_TEXT = 1_000_000
"""Bytes of a text chunk that are looked at for an orientation, and that one is unpacked to."""

_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_TEXTS = (b"iTXt", b"zTXt", b"tEXt")
_XMP = b"XML:com.adobe.xmp"
_RAW_EXIF = b"Raw profile type exif"


def png_essence(data: bytes) -> Essence | Refusal:
    """The PNG without text, colour profile and animation; a `Refusal` for too many chunks."""
    kept = [data[:8]]
    exif = xmp = b""
    at = len(MARK)
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            break
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4])
        if kind in _NEEDED:
            kept.append(data[at:end])
        elif kind == b"eXIf":
            exif = exif or data[at + 8 : end - 4]
        elif kind in _TEXTS and end - at <= MOST_TEXT:
            keyword, text = _text(kind, data[at + 8 : end - 4])
            exif = exif or (_from_hex(text) if keyword == _RAW_EXIF else b"")
            xmp = xmp or (text if keyword == _XMP else b"")
        if kind == b"IEND":
            break
        at = end
    else:
        return Refusal("unreadable", f"PNG: more than {MOST_CHUNKS} chunks")
    return Essence(b"".join(kept), exif_orientation(exif, xmp))


def _text(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Keyword and text of a text chunk, unpacked to at most `MOST_TEXT` bytes; empty where it is malformed."""
    keyword, _, text = body.partition(b"\0")
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed = text[:1] == b"\1"
        text = text[2:].split(b"\0", 2)[-1]  # after two flags, a language and a translated keyword
    elif packed:
        text = text[1:]
    try:
        return keyword, zlib.decompressobj().decompress(text, MOST_TEXT) if packed else text
    except zlib.error:
        return keyword, b""


def _from_hex(text: bytes) -> bytes:
    """EXIF from text that holds it as hex digits, as ImageMagick writes it: a name, a length, and the digits."""
    try:
        return bytes.fromhex("".join(text.decode("latin-1").split("\n")[3:]))
    except ValueError:
        return b""
