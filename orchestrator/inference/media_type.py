"""What did the user name: a photo, a video, or something else? Content decides, never the file's name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from workers.faces.refusal import Refusal

HEAD_BYTES = 64
"""Every container's mark lies within."""

PICTURES_IN_MP4 = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
"""Brands of ISO/IEC 23008-12: pictures that share MP4's container."""


def read_regular(path: Path, most_bytes: int) -> bytes | Refusal:
    """A file's first `most_bytes` bytes, or why there are none; a pipe or device is never waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return Refusal("unreadable", "not a file")
            return file.read(most_bytes)
    except (OSError, ValueError) as fault:  # ValueError: a null byte in the name
        return Refusal("unreadable", f"cannot be read: {getattr(fault, 'strerror', None) or fault}")


def is_video(path: Path) -> bool:
    """Whether the file is in one of the containers that we open as video.

    Only these ever meet the video decoder: FFmpeg also takes play lists, which are text that names other files.
    """
    head = read_regular(path, HEAD_BYTES)
    return not isinstance(head, Refusal) and _is_container(head)


def _is_container(head: bytes) -> bool:
    """MP4 and QuickTime, Matroska and WebM, Ogg, FLV, MPEG, ASF, AVI: by their marks."""
    if head[4:8] == b"ftyp":
        return head[8:12] not in PICTURES_IN_MP4
    return (
        head[4:8] in (b"moov", b"mdat", b"wide", b"free")
        or head.startswith((b"\x1a\x45\xdf\xa3", b"OggS", b"FLV\x01", b"\x00\x00\x01\xba", b"\x30\x26\xb2\x75"))
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
    )
