"""The pictures of a run's faces for a training: in a temporary file, in the order of the faces, read as they are used.

A view is copied from the encodings when it is first asked for. In memory are 16 bytes a face.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from storage.errors import StoreError
from storage.face_pictures import Face, PictureSource, View
from storage.schemas import PICTURES


class SpooledJpegs(Sequence[bytes | None]):
    """JPEGs in a temporary file; None where a face has no such picture.

    Args:
        faces: in the order of the sequence.
        source: where the pictures are.
    """

    def __init__(self, faces: Sequence[Face], source: PictureSource, view: View) -> None:
        rows = {face: row for row, face in enumerate(faces)}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as the sequence
        self._starts: npt.NDArray[np.int64] = np.full(len(faces), -1, np.int64)
        self._sizes: npt.NDArray[np.int64] = np.zeros(len(faces), np.int64)
        end = 0
        for face, picture in source.each({photo for photo, _ in faces}, view):
            row = rows.get(face)
            if row is not None and self._starts[row] < 0:
                self._starts[row], self._sizes[row] = end, len(picture)
                end += self._file.write(picture)
        self._file.flush()

    @property
    def missing(self) -> int:
        """How many faces have no picture."""
        return int((self._starts < 0).sum())

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, row: int) -> bytes | None: ...
    @overload
    def __getitem__(self, row: slice) -> list[bytes | None]: ...
    def __getitem__(self, row: int | slice) -> bytes | list[bytes | None] | None:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        start = int(self._starts[row])
        return None if start < 0 else os.pread(self._file.fileno(), int(self._sizes[row]), start)


class StoredJpegs(Mapping[str, Sequence[bytes | None]]):
    """By view, the pictures of faces that are in the encodings.

    Args:
        has_aligned: False where the face engine had no 68 points to align by.
    """

    def __init__(self, faces: Sequence[Face], source: PictureSource, has_aligned: bool) -> None:
        self._faces, self._source, self._has_aligned = faces, source, has_aligned
        self._spooled: dict[str, SpooledJpegs] = {}

    def __getitem__(self, view: str) -> SpooledJpegs:
        """The pictures of a view.

        Raises:
            KeyError: there is no such view.
            StoreError: pictures are not in the encodings any more.
        """
        if view not in PICTURES:
            raise KeyError(view)
        if view not in self._spooled:
            spooled = SpooledJpegs(self._faces, self._source, "crop" if view == "crop" else "aligned")
            if spooled.missing and (view == "crop" or self._has_aligned):
                raise StoreError(
                    f"the pictures of {spooled.missing} of {len(spooled)} faces are not in the encodings any more",
                    "`lineup resume` encodes their photos again",
                )
            self._spooled[view] = spooled
        return self._spooled[view]

    def __iter__(self) -> Iterator[str]:
        return iter(PICTURES)

    def __len__(self) -> int:
        return len(PICTURES)
