"""The bytes of a task's photos, some at a time; from an object store, the next are fetched while the caller works."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from storage.object_path import ObjectPath
from storage.runs import Run
from storage.whole_objects import PARALLEL_READS
from workers.faces.engine import CHUNK
from workers.faces.refusal import Refusal
from workers.jobs.catalogued_file import dataset_of, read_catalogued
from workers.jobs.photo_ref import PhotoRef

FETCHED = 16
"""Photos of an object store that are fetched together, while as many are with the caller."""

FILE_BYTES = 32_000_000
"""Of a folder's files that are in memory together; one more may be."""

PhotoBytes = tuple[list[tuple[str, bytes]], dict[str, str]]
"""The bytes by photo_key, and why others cannot be read: photo_key to the cause."""


def read_all(run: Run, photos: Sequence[PhotoRef]) -> PhotoBytes:
    """The bytes of each photo; raises PhotosUnreachable."""
    dataset, most_bytes = dataset_of(run), run.plan.engine.limits.file_bytes
    return _sorted((photo, read_catalogued(dataset, photo, most_bytes)) for photo in photos)


@contextlib.contextmanager
def reading_ahead(run: Run, photos: Sequence[PhotoRef]) -> Iterator[Iterator[PhotoBytes]]:
    """`read_all` of some photos after the other, in order.

    Of a folder CHUNK are in memory, fewer where the files are large; of an object store FETCHED, and the next FETCHED.

    Raises:
        PhotosUnreachable: by the iterator.
    """
    dataset, most_bytes = dataset_of(run), run.plan.engine.limits.file_bytes
    if not isinstance(dataset, ObjectPath):
        yield _from_folder(dataset, photos, most_bytes)
        return
    chunks = [photos[start : start + FETCHED] for start in range(0, len(photos), FETCHED)]
    pool = ThreadPoolExecutor(PARALLEL_READS, thread_name_prefix="read-ahead")

    def fetch(number: int) -> list[tuple[PhotoRef, Future[bytes | Refusal]]]:
        some = chunks[number] if number < len(chunks) else ()
        return [(photo, pool.submit(read_catalogued, dataset, photo, most_bytes)) for photo in some]

    def fetched() -> Iterator[PhotoBytes]:
        ahead = first
        for number in range(len(chunks)):
            now = _sorted((photo, future.result()) for photo, future in ahead)
            ahead = fetch(number + 1)
            yield now

    first = fetch(0)  # while the attempt is noted
    try:
        yield fetched()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _from_folder(dataset: Path, photos: Sequence[PhotoRef], most_bytes: int) -> Iterator[PhotoBytes]:
    some: list[tuple[PhotoRef, bytes | Refusal]] = []
    size = 0
    for photo in photos:
        found = read_catalogued(dataset, photo, most_bytes)
        some.append((photo, found))
        size += len(found) if isinstance(found, bytes) else 0
        del found  # `some` alone keeps it
        if len(some) == CHUNK or size >= FILE_BYTES:
            yield _sorted(some)
            some, size = [], 0
    if some:
        yield _sorted(some)


def _sorted(found: Iterable[tuple[PhotoRef, bytes | Refusal]]) -> PhotoBytes:
    read: list[tuple[str, bytes]] = []
    unread: dict[str, str] = {}
    for photo, data in found:
        if isinstance(data, Refusal):
            unread[photo.key] = data.reason
        else:
            read.append((photo.key, data))
    return read, unread
