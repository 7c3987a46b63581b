"""Write a file that is there whole or not at all: in a folder by a rename, in an object store with one request."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from storage.errors import StoreUnreachable, cannot_write
from storage.folders import fsync
from storage.liveness import liveness_of
from storage.object_path import ObjectPath
from storage.object_stores import plain_errors

ONE_REQUEST = 64 << 20
"""Bytes of a table that are written to an object store with one request, under the condition that none is there."""


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file (run.json, a page) so that it is there whole or not at all; raises StoreError."""
    if isinstance(path, ObjectPath):
        path.put(content)
        return
    with _replacing_file(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path | IO[bytes]]:
    """Where to write a table that becomes `path` when the block ends well."""
    if not isinstance(path, ObjectPath):
        with _replacing_file(path) as temporary:
            yield temporary
        return
    with tempfile.SpooledTemporaryFile(max_size=ONE_REQUEST) as local:
        yield local
        _put(path, local)


def _put(path: ObjectPath, local: IO[bytes]) -> None:
    """Write an object with one request. An equal object that is there already is as good."""
    import obstore

    size = local.tell()
    local.seek(0)
    if size > ONE_REQUEST:  # a store puts the pieces together and shows the whole at once
        with plain_errors(str(path)):
            obstore.put(path.store, path.key, local, chunk_size=ONE_REQUEST // 4)
        return
    content = local.read()
    try:
        path.put(content, "")
    except (FileExistsError, StoreUnreachable):
        # written before, or by this very request, whose answer was lost
        if not _holds(path, content):
            path.put(content)


def _holds(path: ObjectPath, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _replacing_file(path: Path) -> Iterator[Path]:
    try:
        with liveness_of(path).temporary_file(path) as temporary:
            yield temporary
            fsync(temporary)
            temporary.replace(path)
        fsync(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
