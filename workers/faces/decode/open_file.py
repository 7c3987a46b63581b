"""Open a file that anyone may have put there: never blocks on a pipe, never follows a link out of its folder.

The only function that opens photos: catalogue, workers and `identify` use it. What is returned is of a regular file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from storage.object_path import ObjectPath
from workers.faces.refusal import Refusal

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)

_OUTSIDE = Refusal("unreadable", "the file has become a link that leads out of the dataset")


def read_file(path: Path, most_bytes: int) -> bytes | Refusal:
    """The first `most_bytes` bytes of a regular file; a `Refusal` for a pipe, a device, a folder or a socket.

    Raises:
        OSError: it cannot be opened or read.
        ValueError: a null byte in the name.
        StoreUnreachable: an object store does not answer.
    """
    if isinstance(path, ObjectPath):
        return path.read_beginning(most_bytes)
    return _read(os.open(path, _FLAGS), most_bytes)


def read_file_inside(root: Path, relative: str, most_bytes: int) -> bytes | Refusal:
    """As `read_file`, for a file of a dataset; a link that leads out of it is a `Refusal`.

    Args:
        root: the dataset's folder, resolved.
        relative: path below it. A link inside the dataset is followed.

    Raises:
        OSError: it cannot be opened or read.
        ValueError: a null byte in the name.
        StoreUnreachable: an object store does not answer.
    """
    if isinstance(root, ObjectPath):
        return (root / relative).read_beginning(most_bytes)
    try:
        path = (root / relative).resolve(strict=True)
    except RuntimeError as error:  # before Python 3.13, for a link that leads to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error
    if not path.is_relative_to(root):
        return _OUTSIDE
    try:
        descriptor = os.open(path, _FLAGS | _NO_LINK)
    except OSError as error:
        if error.errno == errno.ELOOP:  # the resolved file was exchanged for a link in this moment
            return _OUTSIDE
        raise
    opened = _path_of(descriptor)
    if opened and not opened.is_relative_to(root):  # a folder on the way was exchanged for a link
        os.close(descriptor)
        return _OUTSIDE
    return _read(descriptor, most_bytes)


def _path_of(descriptor: int) -> Path | None:
    """Where the open file lies, as the kernel knows it; None where it does not say (no /proc)."""
    try:
        return Path(f"/proc/self/fd/{descriptor}").readlink()
    except OSError:
        return None


def _read(descriptor: int, most_bytes: int) -> bytes | Refusal:
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return Refusal("unreadable", "not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most_bytes)
    finally:
        os.close(descriptor)
