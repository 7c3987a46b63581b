"""Read a photo as it was catalogued, and find out whether a dataset can be read from here at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from storage.errors import PhotosUnreachable, StoreUnreachable
from storage.object_path import ObjectPath, store_path
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table, usable_rows
from workers.faces.decode.open_file import read_file_inside
from workers.faces.refusal import Refusal
from workers.jobs.photo_ref import PhotoRef

SAMPLE = 5
"""Photos that are read to tell a broken mount from a lost file."""

PHOTOS_HINT = "Mount the same photos there at the same path, readable for the worker's user"


def dataset_of(run: Run) -> Path:
    """Where a run's photos are, with links resolved; `resolve` raises where a link leads to itself."""
    named = store_path(run.plan.dataset)
    return named if isinstance(named, ObjectPath) else Path(os.path.realpath(named))


def read_catalogued(dataset: Path, photo: PhotoRef, most_bytes: int) -> bytes | Refusal:
    """The bytes that were catalogued, or why they cannot be had: much may happen to a file between the two.

    Args:
        dataset: of `dataset_of`.
        most_bytes: a longer file is cut one byte after them, so that the engine refuses it.

    Raises:
        PhotosUnreachable: the object store of the photos does not answer.
    """
    try:
        with _of_photos():
            data = read_file_inside(dataset, photo.path, most_bytes + 1)
    except FileNotFoundError:
        return Refusal("unreadable", "the file is no longer there")
    except (OSError, ValueError) as error:
        return Refusal("unreadable", f"the file cannot be read: {getattr(error, 'strerror', None) or error}")
    if isinstance(data, Refusal):
        return data
    if len(data) <= most_bytes and hashlib.sha256(data).hexdigest() != photo.key:
        return Refusal("unreadable", "the file has changed since it was catalogued")
    return data


@contextlib.contextmanager
def _of_photos() -> Iterator[None]:
    try:
        yield
    except StoreUnreachable as error:
        raise PhotosUnreachable(error.what, error.hint) from error


def unreadable_dataset(run: Run, but: Collection[str] = ()) -> str:
    """Why the photos of a run cannot be read from here; empty where some of a sample can.

    Args:
        but: keys of photos that are not in the sample, unless there are no others.

    Raises:
        PhotosUnreachable: the object store of the photos does not answer.
        StoreError: the catalogue cannot be read.
    """
    dataset, most_bytes = dataset_of(run), run.plan.engine.limits.file_bytes
    why = ""
    for photo in sample_of(run, but) or sample_of(run):
        found = read_catalogued(dataset, photo, most_bytes)
        if not isinstance(found, Refusal):
            return ""
        why = why or found.reason
    return f"{run.plan.dataset} has none of the catalogued photos: {why}" if why else _unreadable_folder(dataset)


def sample_of(run: Run, but: Collection[str] = ()) -> list[PhotoRef]:
    """SAMPLE photos from all over the catalogue, or fewer; raises StoreError where it cannot be read."""
    table = read_table(run.catalog, CATALOG, ["photo_key", "path", "outcome"])
    usable = usable_rows(table).select(["photo_key", "path"])
    some = usable.take(_spread(usable.num_rows, SAMPLE + len(but))).to_pylist()
    photos = [PhotoRef(row["photo_key"], row["path"]) for row in some if row["photo_key"] not in but]
    return [photos[number] for number in _spread(len(photos), SAMPLE)]


def _spread(count: int, most: int) -> list[int]:
    """At most so many numbers below `count`, equally far from each other."""
    wanted = min(count, most)
    return [number * count // wanted for number in range(wanted)]


def _unreadable_folder(dataset: Path) -> str:
    try:
        with _of_photos():
            return "" if next(dataset.iterdir(), None) else f"{dataset} is empty"
    except OSError as error:
        return f"{dataset} cannot be read: {error.strerror or error}"
