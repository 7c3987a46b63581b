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

_WALK = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC if hasattr(os, "O_PATH") else 0
"""Of a folder on the way to a file; 0 where the system has no such descriptors."""

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
    walked = _open_without_links(root, relative)
    descriptor = _open_resolved(root, relative) if walked is None else walked
    if isinstance(descriptor, Refusal):
        return descriptor
    opened = _path_of(descriptor)
    if opened and not opened.startswith(
        f"{root}".rstrip(os.sep) + os.sep
    ):  # a folder on the way was exchanged for a link
        os.close(descriptor)
        return _OUTSIDE
    return _read(descriptor, most_bytes)


def _open_without_links(root: Path, relative: str) -> int | None:
    """Open a file folder by folder; None where that cannot be done, or something on the way may be a link.

    A tenth of the time of resolving the path.
    """
    *folders, name = relative.split("/")
    if not _WALK or {"", ".", ".."} & {*folders, name}:
        return None
    at = -1
    try:
        at = os.open(root, _WALK)
        for folder in folders:
            inner = os.open(folder, _WALK, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(name, _FLAGS | _NO_LINK, dir_fd=at)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            return None
        raise
    finally:
        if at >= 0:
            os.close(at)


def _open_resolved(root: Path, relative: str) -> int | Refusal:
    try:
        path = (root / relative).resolve(strict=True)
    except RuntimeError as error:  # before Python 3.13, for a link that leads to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error
    if not path.is_relative_to(root):
        return _OUTSIDE
    try:
        return os.open(path, _FLAGS | _NO_LINK)
    except OSError as error:
        if error.errno == errno.ELOOP:  # the resolved file was exchanged for a link in this moment
            return _OUTSIDE
        raise


def _path_of(descriptor: int) -> str:
    """Where the open file lies, as the kernel knows it; empty where it does not say (no /proc)."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - for each photo
    except OSError:
        return ""


def _read(descriptor: int, most_bytes: int) -> bytes | Refusal:
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return Refusal("unreadable", "not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(min(most_bytes, about.st_size + 1))  # memory is taken for as many as are asked for
            grown = len(data) > about.st_size
            return data + file.read(most_bytes - len(data)) if grown else data
    finally:
        os.close(descriptor)
