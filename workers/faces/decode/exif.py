"""Directories of the TIFF structure, as TIFF files, EXIF and MPF have them, read within bounds.

Pure arithmetic on bytes: at most `MOST_ENTRIES` entries are looked at, and no value is copied that is not asked for.
Malformed bytes raise ValueError.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

ORIENTATION_TAG = 274

MOST_ENTRIES = 2_000
"""A camera writes about 60 into a directory."""

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value by its type; TIFF 6.0, page 15, and BigTIFF."""

_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_EXIF_MARK = b"Exif\0\0"
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=\"|>)([1-8])")


class Entry(NamedTuple):
    """An entry of a directory.

    Attributes:
        length: number of values.
        at: offset of its value in the bytes.
        size: bytes of its value, as stated; it may reach beyond the end.
    """

    tag: int
    kind: int
    length: int
    at: int
    size: int


class Directory(NamedTuple):
    """The first directory of a TIFF structure."""

    data: bytes
    order: str
    entries: tuple[Entry, ...]

    def number(self, tag: int) -> int | None:
        """The value of a tag with one whole number; None where it is missing or something else."""
        found = next((entry for entry in self.entries if entry.tag == tag), None)
        if found is None or found.length != 1 or found.kind not in _WHOLE_NUMBERS:
            return None
        try:
            return int(struct.unpack_from(self.order + _WHOLE_NUMBERS[found.kind], self.data, found.at)[0])
        except struct.error:
            return None


def first_directory(data: bytes) -> Directory:
    """The first directory of these bytes, which begin with II or MM; raises ValueError where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError("no TIFF structure")
    try:
        big = 43 in struct.unpack_from("<H", data, 2) + struct.unpack_from(">H", data, 2)
        (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        return Directory(data, order, tuple(_entries(data, order, at, big)))
    except struct.error as error:
        raise ValueError("the directory is cut") from error


def _entries(data: bytes, order: str, at: int, big: bool) -> Iterator[Entry]:
    counter, entry = (order + "Q", order + "HHQ") if big else (order + "H", order + "HHI")
    step, inline = (20, 8) if big else (12, 4)
    if at >= len(data):
        raise ValueError("the directory is beyond the end")
    (count,) = struct.unpack_from(counter, data, at)
    if count > MOST_ENTRIES:
        raise ValueError(f"a directory with {count} entries; at most {MOST_ENTRIES} are read")
    at += struct.calcsize(counter)
    for start in range(at, at + count * step, step):
        tag, kind, number = struct.unpack_from(entry, data, start)
        size, place = SIZES.get(kind, 0) * number, start + step - inline
        if size > inline:
            (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
        yield Entry(tag, kind, number, place, size)


def exif_orientation(exif: bytes, xmp: bytes = b"") -> int:
    """The orientation, 1-8, that EXIF states, or XMP where EXIF states none; 1 where neither does.

    Args:
        exif: with or without its mark, which some writers repeat.

    >>> exif_orientation(b"Exif\\0\\0MM\\0*\\0\\0\\0\\x08\\0\\x01\\x01\\x12\\0\\x03\\0\\0\\0\\x01\\0\\x06\\0\\0")
    6
    >>> exif_orientation(b"", b'<rdf:Description tiff:Orientation="3"/>')
    3
    """
    while exif.startswith(_EXIF_MARK):
        exif = exif[len(_EXIF_MARK) :]
    try:
        found = first_directory(exif).number(ORIENTATION_TAG)
    except ValueError:
        found = None  # damaged EXIF, but the pixels may be sound
    if found is None and (stated := _XMP_ORIENTATION.search(xmp)):
        return int(stated[1])
    return found if found is not None and 1 <= found <= 8 else 1
