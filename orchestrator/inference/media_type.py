"""Read a file that a user named, and tell photos from videos by its content, never by its name."""

from __future__ import annotations

from pathlib import Path

from workers.faces.decode.file_kind import HEAD_BYTES, file_kind
from workers.faces.decode.open_file import read_file
from workers.faces.refusal import Refusal


def read_regular(path: Path, most_bytes: int) -> bytes | Refusal:
    """The first `most_bytes` bytes of a regular file, or the reason why it cannot be read. Never blocks on a pipe."""
    try:
        return read_file(path, most_bytes)
    except (OSError, ValueError) as fault:  # ValueError: a null byte in the name
        return Refusal("unreadable", f"cannot be read: {getattr(fault, 'strerror', None) or fault}")


def is_video(path: Path) -> bool:
    """Whether the file is in a container that is opened as video.

    Only such files reach the video decoder: FFmpeg also opens playlists, which are text that names other files.
    """
    head = read_regular(path, HEAD_BYTES)
    return not isinstance(head, Refusal) and file_kind(head).use == "video"
