"""The pictures of faces: they stay in the encodings that all runs share, and are found there by photo and face.

Whoever shows faces asks for the few that are shown; who needs all of them takes them one row group at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence, Set
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from storage.parts import list_parts
from storage.row_groups import groups_of_photos
from storage.runs import Run
from storage.schemas import FACES

Face = tuple[str, int]
"""photo_key and face_index."""

View = Literal["crop", "aligned"]

_LISTINGS = 3
"""Readings of the folder, at most: another process may merge parts while they are read."""


class PictureSource(Protocol):
    """Where pictures of faces come from; they are JPEGs of CHIP_SIDE x CHIP_SIDE pixels, RGB."""

    def some(self, faces: Collection[Face], view: View) -> dict[Face, bytes]:
        """The pictures of these faces; those that are not there are left out."""
        ...

    def both(self, faces: Collection[Face]) -> tuple[dict[Face, bytes], dict[Face, bytes]]:
        """The crops and the aligned pictures of these faces, read together; those that are not there are left out."""
        ...

    def each(self, photos: Set[str], view: View) -> Iterator[tuple[Face, bytes]]:
        """The pictures of all faces of these photos, in no order, some twice; few are in memory at once."""
        ...


class FacePictures:
    """The pictures in the encodings of one face engine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def some(self, faces: Collection[Face], view: View) -> dict[Face, bytes]:
        """The pictures of these faces; those that are not in the encodings are left out."""
        return self._some(faces, [view])[0]

    def both(self, faces: Collection[Face]) -> tuple[dict[Face, bytes], dict[Face, bytes]]:
        """The crops and the aligned pictures of these faces; those that are not in the encodings are left out."""
        crops, aligned = self._some(faces, ["crop", "aligned"])
        return crops, aligned

    def each(self, photos: Set[str], view: View) -> Iterator[tuple[Face, bytes]]:
        """The pictures of all faces of these photos, in the order of the parts, some twice."""
        for table in self._tables(photos, [view]):
            yield from _pictures(table, view)

    def _some(self, faces: Collection[Face], views: Sequence[View]) -> list[dict[Face, bytes]]:
        wanted = set(faces)
        found: list[dict[Face, bytes]] = [{} for _ in views]
        for table in self._tables({photo for photo, _ in wanted}, views) if wanted else ():
            for pictures, view in zip(found, views, strict=True):
                pictures.update((face, picture) for face, picture in _pictures(table, view) if face in wanted)
        return found

    def _tables(self, photos: Set[str], views: Sequence[View]) -> Iterator[pa.Table]:
        """The rows of these photos with these views; one row group is in memory at a time."""
        columns = ("photo_key", "face_index", *views)
        keys = pa.array(sorted(photos), pa.string())
        read: set[Path] = set()
        for _ in range(_LISTINGS):
            vanished = False
            for part in list_parts(self._folder):
                if part in read:
                    continue
                read.add(part)
                try:
                    yield from groups_of_photos(part, FACES, columns, keys)
                except FileNotFoundError:
                    vanished = True
            if not vanished:
                return


def run_pictures(run: Run) -> FacePictures:
    """The pictures of a run's faces."""
    return FacePictures(run.encodings / "faces")


def _pictures(table: pa.Table, view: View) -> Iterator[tuple[Face, bytes]]:
    columns = (table[name].to_pylist() for name in ("photo_key", "face_index", view))
    for photo, index, picture in zip(*columns, strict=True):
        if picture is not None:
            yield (photo, index), picture
