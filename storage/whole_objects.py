"""Small whole files with the operations that leases and claims need, in a folder and in an object store.

A reader sees an earlier or a later content, never half of one. Nothing here uses a lock. Only an object can be
replaced under a condition.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from storage.errors import StoreUnreachable, cannot_write
from storage.folders import fsync, make_folder
from storage.held_file import write_whole
from storage.object_path import PAGE, ObjectPath
from storage.object_stores import plain_errors

_NEW = ".new"

PARALLEL_READS = 16
"""Objects that are read at the same time: an answer takes 10 to 200 ms, most of it waiting."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Listed:
    """A file of a listing.

    Attributes:
        tag: changes when the content does; compare it with tags of `list_whole` only.
    """

    path: Path
    size: int
    tag: str


def list_whole(folder: Path) -> list[Listed]:
    """The files directly in a folder, by name; none where it is not there."""
    if isinstance(folder, ObjectPath):
        return [Listed(path, about.size, about.tag) for path, about in folder.objects()]
    listed = []
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                about = entry.stat()
                if entry.is_file() and not entry.name.endswith(_NEW):
                    tag = f"{about.st_ino}-{about.st_mtime_ns}-{about.st_size}"
                    listed.append(Listed(folder / entry.name, about.st_size, tag))
    return sorted(listed, key=lambda each: each.path.name)


def read_whole(path: ObjectPath) -> tuple[bytes, str]:
    """Content and tag; raises FileNotFoundError. The tag is for `swap_whole`."""
    return path.read_with_tag()


def read_many(paths: Iterable[Path], read: Callable[[Path], Result]) -> Iterator[Result]:
    """What `read` makes of each path, in order; objects are fetched several at a time."""
    paths = list(paths)
    if not any(isinstance(path, ObjectPath) for path in paths):
        yield from map(read, paths)
        return
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        for start in range(0, len(paths), PARALLEL_READS):  # no more than these are in memory at once
            yield from pool.map(read, paths[start : start + PARALLEL_READS])


def ask_at_once(folder: Path, *questions: Callable[[], bool]) -> list[bool]:
    """The answers, in order; where `folder` is in an object store, they are waited for together."""
    if not isinstance(folder, ObjectPath):
        return [ask() for ask in questions]
    with ThreadPoolExecutor(len(questions)) as pool:
        return [asked.result() for asked in [pool.submit(ask) for ask in questions]]


def put_whole(path: Path, content: bytes) -> None:
    """Write a file, whatever is there; raises StoreError."""
    if isinstance(path, ObjectPath):
        path.put(content)
        return
    with _new_file(path, content) as new:
        new.replace(path)


def create_whole(path: Path, content: bytes) -> bool:
    """Write a file where none is; False where one is. Of several who try at once, one gets True.

    An answer that was lost is asked for again: a file with just this content counts as ours, so it should be unique
    where that matters.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        if isinstance(path, ObjectPath):
            return _certain(path, content, "")
        with _new_file(path, content) as new:
            os.link(new, path)  # unlike a rename, it replaces nothing
    except FileExistsError:
        return False
    return True


def swap_whole(path: ObjectPath, content: bytes, tag: str) -> bool:
    """Replace an object that still has the content of this tag; False where it has another or is gone.

    Of several who try at once, one gets True. The content should be unique, as for `create_whole`.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        return _certain(path, content, tag)
    except FileExistsError:
        return False


def update_whole(path: ObjectPath, change: Callable[[bytes], bytes]) -> None:
    """Replace an object's content by what `change` makes of it (of b"" where there is none); others' changes stay.

    Two who make the same content of the same count as one change: where that matters, `change` adds what is unique.

    Raises:
        StoreError: it cannot be written.
    """
    while True:
        try:
            before, tag = read_whole(path)
        except FileNotFoundError:
            before, tag = b"", ""
        after = change(before)
        if after == before or (swap_whole(path, after, tag) if tag else create_whole(path, after)):
            return


def delete_whole(path: Path) -> None:
    """Delete a file, if it is there."""
    path.unlink(missing_ok=True)


def delete_folder(folder: Path) -> None:
    """Delete all that is below a folder; what is gone already, or cannot be deleted, is passed over in a folder."""
    if not isinstance(folder, ObjectPath):
        shutil.rmtree(folder, ignore_errors=True)
        return
    import obstore

    with plain_errors(str(folder)):
        for page in obstore.list(folder.store, folder.key, chunk_size=PAGE):
            keys = [each["path"] for each in page]
            try:
                obstore.delete(folder.store, keys)
            except FileNotFoundError:  # Azure and Google tell that another process was quicker at one of them
                for key in keys:
                    with contextlib.suppress(FileNotFoundError):
                        obstore.delete(folder.store, key)


def _certain(path: ObjectPath, content: bytes, tag: str) -> bool:
    """Write under a condition. Where the answer was lost, the object itself tells whether it was us."""
    try:
        path.put(content, tag)
    except (FileExistsError, StoreUnreachable) as error:
        try:
            there = path.read_bytes()
        except FileNotFoundError:
            there = None
        if there != content:
            raise error from None
    return True


@contextlib.contextmanager
def _new_file(path: Path, content: bytes) -> Iterator[Path]:
    """A file beside it with this content, on the disk; gone at the end. Raises FileExistsError and StoreError."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}{_NEW}")
    try:
        make_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            write_whole(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield new
        fsync(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        new.unlink(missing_ok=True)
