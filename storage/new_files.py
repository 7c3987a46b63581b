"""Write a file where nothing is, whole or not at all; outside a store, nothing that is there is replaced."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import uuid
from pathlib import Path

from storage.errors import InputError, cannot_write
from storage.folders import make_folder

_PIECE = 1 << 20


class OutputExists(InputError):
    """A file is there that Lineup did not write, or that was changed since."""


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes; raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def write_new(path: Path, content: bytes) -> None:
    """Write a file where nothing is, whole or not at all.

    Raises:
        OutputExists: something is there; it is not replaced.
        StoreError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.writing")
    try:
        make_folder(path.parent)
        temporary.write_bytes(content)
        place_new(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def place_new(finished: Path, path: Path) -> None:
    """Give a file another name where nothing is; raises OutputExists or OSError."""
    try:
        try:
            os.link(finished, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            with finished.open("rb") as source, path.open("xb") as target:
                shutil.copyfileobj(source, target, _PIECE)
    except FileExistsError:
        raise output_exists(path) from None


def holds(path: Path, content: bytes) -> bool:
    """Whether a file is there with this content."""
    try:
        return is_regular_file(path) and path.read_bytes() == content
    except OSError:
        return False


def is_regular_file(path: Path) -> bool:
    """Whether it is a file and no link; a pipe would be waited for. Raises OSError where nothing is there."""
    return stat.S_ISREG(path.lstat().st_mode)


def output_exists(path: Path) -> OutputExists:
    return OutputExists(f"{path} is there already, and Lineup did not write it", "Name another, or remove it")
