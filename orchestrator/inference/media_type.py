"""Tell photos from videos by the content of a file, never by its name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from workers.faces.refusal import Refusal

HEAD_BYTES = 64
"""The signature of every container lies in these first bytes."""

PICTURES_IN_MP4 = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
"""Brands of ISO/IEC 23008-12: pictures in the container format of MP4."""


def read_regular(path: Path, most_bytes: int) -> bytes | Refusal:
    """The first `most_bytes` bytes of a regular file, or the reason why it cannot be read. Never blocks on a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return Refusal("unreadable", "not a file")
            return file.read(most_bytes)
    except (OSError, ValueError) as fault:  # ValueError: a null byte in the name
        return Refusal("unreadable", f"cannot be read: {getattr(fault, 'strerror', None) or fault}")


def is_video(path: Path) -> bool:
    """Whether the file is in a container that is opened as video.

    Only such files reach the video decoder: FFmpeg also opens playlists, which are text that names other files.
    """
    head = read_regular(path, HEAD_BYTES)
    return not isinstance(head, Refusal) and _is_container(head)


def _is_container(head: bytes) -> bool:
    """MP4 and QuickTime, Matroska and WebM, Ogg, FLV, MPEG, ASF, AVI, by their signatures."""
    if head[4:8] == b"ftyp":
        return head[8:12] not in PICTURES_IN_MP4
    return (
        head[4:8] in (b"moov", b"mdat", b"wide", b"free")
        or head.startswith((b"\x1a\x45\xdf\xa3", b"OggS", b"FLV\x01", b"\x00\x00\x01\xba", b"\x30\x26\xb2\x75"))
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
    )
