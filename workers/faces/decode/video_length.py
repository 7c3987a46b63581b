"""How much of a video file is missing, by the lengths that its container states. Reads some headers and no picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

MOST_BOXES = 100_000
"""A recording of a day in fragments of a second; what follows is not looked at."""

_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
"""The file properties object, whose third field is the length of the file."""


def missing_bytes(path: Path) -> int:
    """Bytes that the container promises and that are not there; 0 where it is whole or states no length.

    MP4 and QuickTime, Matroska and WebM, AVI and Windows Media state one.

    Raises:
        OSError: the file cannot be read.
    """
    # never waits, should a pipe have taken the file's place
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(64)
        if head.startswith(b"RIFF"):
            end = int.from_bytes(head[4:8], "little") + 8
        elif head.startswith(b"\x1a\x45\xdf\xa3"):
            end = _matroska_end(head)
        elif head.startswith(bytes.fromhex("3026b275")):
            file.seek(0)
            end = _asf_end(file.read(65536))
        elif head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
            end = _last_box_end(file, size)
        else:
            end = 0
        return max(0, end - size)


def _last_box_end(file: BinaryIO, size: int) -> int:
    """Where the last box of an MP4 file ends."""
    place = 0
    for _ in range(MOST_BOXES):
        file.seek(place)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or len(head) < 8:  # 0: to the end of the file
            break
        place += length
        if place >= size:
            break
    return place


def _matroska_end(head: bytes) -> int:
    """Where the segment ends; 0 where a live recording left its length open."""
    header, begin = _variable_length(head, 4)
    place = begin + header
    if head[place : place + 4] != b"\x18\x53\x80\x67":
        return 0
    length, begin = _variable_length(head, place + 4)
    return begin + length if length else 0


def _variable_length(head: bytes, place: int) -> tuple[int, int]:
    """A length as EBML writes it, and where it ends; 0 where it is unknown or not in these bytes."""
    if place >= len(head) or not head[place]:
        return 0, place
    width = 9 - head[place].bit_length()
    bits = 7 * width
    value = int.from_bytes(head[place : place + width], "big") & ((1 << bits) - 1)
    return (0 if value == (1 << bits) - 1 else value), place + width


def _asf_end(head: bytes) -> int:
    place = head.find(_ASF_FILE)
    return int.from_bytes(head[place + 40 : place + 48], "little") if place >= 0 else 0
