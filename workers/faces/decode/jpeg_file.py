"""The structure of a JPEG: its segments before the picture, its scans, and whether its end is missing.

Source: ITU-T T.81, Annex B. Only bytes are looked at; the number of steps is bounded.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from workers.faces.decode.essence import Essence
from workers.faces.decode.exif import exif_orientation, first_directory
from workers.faces.refusal import Refusal

END_MARK = b"\xff\xd9"

MOST_SEGMENTS = 4_096
"""Before the picture. A colour profile of 3 MB takes 48, a depth map in XMP some hundred."""

MOST_KEPT = 256
"""Tables and frame headers that a decoder needs."""

MOST_SCANS = 100
"""A progressive JPEG has about ten. Each can make a decoder go over the whole picture once more."""

_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_SOI, _EOI, _SOS, _APP0, _APP1, _APP2, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_NEEDED = {*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, _APP14}
_XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
_PICTURES_TAG = 0xB001
"""Of MPF: the number of pictures in the file."""

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


class _Metadata(NamedTuple):
    exif: bytes = b""
    xmp: bytes = b""
    pictures: int = 1


def jpeg_essence(data: bytes) -> Essence | Refusal:
    """The JPEG without its metadata; a `Refusal` for too many segments, or none of the picture."""
    kept = [data[:2]]
    found = _Metadata()
    frame = b""
    at = 2
    for _ in range(MOST_SEGMENTS):
        at = _next_marker(data, at)
        if at + 4 > len(data) or data[at + 1] == _EOI:
            return Refusal("unreadable", "JPEG: it ends before its picture begins")
        marker = data[at + 1]
        if marker == _SOS:
            if _may_have_more_scans(data, at, frame) and _scan_count(data, at) > MOST_SCANS:
                return Refusal("unreadable", f"JPEG: more than {MOST_SCANS} scans")
            kept.append(data[at:])
            is_mpo = found.pictures > 1 and b' hdrgm:Version="' not in found.xmp
            return Essence(b"".join(kept), exif_orientation(found.exif, found.xmp), is_mpo)
        if marker in _STANDALONE or marker == _SOI:
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker in _FRAMES:
            frame = data[at + 1 : end]
        if marker in _NEEDED or (marker == _APP0 and data.startswith(b"JFIF", at + 4)):
            kept.append(data[at:end])
            if len(kept) > MOST_KEPT:
                return Refusal("unreadable", f"JPEG: more than {MOST_KEPT} tables")
        else:
            found = _with_metadata(found, marker, data[at + 4 : end])
        at = max(end, at + 4)
    return Refusal("unreadable", f"JPEG: more than {MOST_SEGMENTS} segments before its picture")


def _may_have_more_scans(data: bytes, at: int, frame: bytes) -> bool:
    """Whether a decoder looks for a scan behind the first: not where that one holds every colour in full."""
    return not frame or frame[0] in _PROGRESSIVE or data[at + 4 : at + 5] != frame[8:9]


def _scan_count(data: bytes, at: int) -> int:
    """Scans of the first picture; a second one may follow its end mark."""
    end = data.find(END_MARK, at)
    return data.count(b"\xff\xda", at, end if end >= 0 else len(data))


def _next_marker(data: bytes, at: int) -> int:
    """Offset of the next marker's FF: rubbish and padding are skipped."""
    found = _MARKER.search(data, at)
    return found.start() if found else len(data)


def _with_metadata(found: _Metadata, marker: int, body: bytes) -> _Metadata:
    """The first EXIF, the first XMP and the number of pictures."""
    if marker == _APP1 and not found.exif and body.startswith(b"Exif\0\0"):
        return found._replace(exif=body)
    if marker == _APP1 and not found.xmp and body.startswith(_XMP_MARK):
        return found._replace(xmp=body)
    if marker == _APP2 and body.startswith(b"MPF\0"):
        try:
            return found._replace(pictures=first_directory(body[4:]).number(_PICTURES_TAG) or 1)
        except ValueError:
            return found
    return found


def coefficient_bytes(data: bytes) -> int:
    """Memory that decoding a progressive JPEG takes at any size: two bytes a coefficient; 0 for any other."""
    at = 2
    while found := _MARKER.search(data, at):
        at, marker = found.start(), found[1][0]
        body = data[at + 4 : at + 2 + int.from_bytes(data[at + 2 : at + 4])]
        if marker in _FRAMES:
            samplings = [value >> 4 and (value >> 4) * (value & 15) for value in body[7::3]]
            pixels = int.from_bytes(body[1:3]) * int.from_bytes(body[3:5])
            return 2 * pixels * sum(samplings) // max(*samplings, 1) if marker in _PROGRESSIVE else 0
        at += 2 if marker in _STANDALONE else 2 + max(len(body) + 2, 2)
    return 0


class Scans(NamedTuple):
    """What the scans of a JPEG hold.

    Attributes:
        progressive: whether the picture comes in several passes.
        complete: every coefficient of every component has begun to be sent to its last bit.
    """

    progressive: bool
    complete: bool


def scans_of(data: bytes) -> Scans:
    """Which passes of the picture are there, at least in part; for the essence of a JPEG whose end is missing."""
    progressive, components = False, 0
    exact: set[tuple[int, int]] = set()
    at = 2
    while True:
        found = _MARKER.search(data, at)
        if found is None or found[1][0] == _EOI:
            return Scans(progressive, components > 0 and len(exact) == 64 * components)
        at, marker = found.start(), found[1][0]
        body = data[at + 4 : at + 2 + int.from_bytes(data[at + 2 : at + 4])]
        if marker in _PROGRESSIVE:
            progressive = True
        if marker in _FRAMES and len(body) > 5:
            components = body[5]
        if marker == _SOS:
            exact |= _exact_coefficients(body)
        at += 2 if marker in _STANDALONE or marker == _SOI else 2 + max(len(body) + 2, 2)


def _exact_coefficients(header: bytes) -> set[tuple[int, int]]:
    """(component, coefficient) of those that a scan sends to the last bit."""
    try:
        count = header[0]
        first, last, bits = struct.unpack_from("BBB", header, 1 + 2 * count)
        if bits & 15:
            return set()
        return {(header[1 + 2 * n], k) for n in range(count) for k in range(first, min(last, 63) + 1)}
    except (IndexError, struct.error):
        return set()
