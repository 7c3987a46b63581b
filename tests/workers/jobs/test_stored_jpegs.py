"""The pictures that a training needs are copied once into a temporary file; a lost one is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set

import pytest

from storage.errors import StoreError
from storage.face_pictures import Face, View
from workers.jobs.stored_jpegs import SpooledJpegs, StoredJpegs

FACES = [("b", 0), ("a", 1), ("c", 0)]


class Source:
    """Pictures in another order than the faces, one of them twice."""

    def some(self, faces: Collection[Face], view: View) -> dict[Face, bytes]:
        raise AssertionError(f"{view} of {len(faces)} faces: all are taken at once")

    def both(self, faces: Collection[Face]) -> tuple[dict[Face, bytes], dict[Face, bytes]]:
        raise AssertionError(f"{len(faces)} faces: all are taken at once")

    def each(self, photos: Set[str], view: View) -> Iterator[tuple[Face, bytes]]:
        for face in (("a", 0), ("a", 1), ("b", 0), ("b", 0)):
            if face[0] in photos and view == "crop":
                yield face, f"{face} {view}".encode()


def test_pictures_come_in_the_order_of_the_faces() -> None:
    pictures = SpooledJpegs(FACES, Source(), "crop")
    assert list(pictures) == [b"('b', 0) crop", b"('a', 1) crop", None]
    assert pictures[0:2] == [b"('b', 0) crop", b"('a', 1) crop"]
    assert (len(pictures), pictures.missing) == (3, 1)
    with pytest.raises(IndexError):
        pictures[3]


def test_pictures_that_are_lost_are_told() -> None:
    with pytest.raises(StoreError, match="pictures of 1 of 3 faces are not in the encodings"):
        StoredJpegs(FACES, Source(), has_aligned=True)["crop"]
    assert StoredJpegs(FACES[:2], Source(), has_aligned=True)["crop"].missing == 0


def test_without_68_points_nothing_is_aligned_and_nothing_is_lost() -> None:
    assert list(StoredJpegs(FACES, Source(), has_aligned=False)["aligned"]) == [None] * 3
    with pytest.raises(KeyError):
        StoredJpegs(FACES, Source(), has_aligned=True)["embedding"]
