"""The pictures of a table of FACES, as `storage.face_pictures` gives those of the encodings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set

import pyarrow as pa

from storage.face_pictures import Face, View


class TablePictures:
    """Pictures of a table in memory."""

    def __init__(self, faces: pa.Table) -> None:
        self._rows = faces.to_pylist()

    def some(self, faces: Collection[Face], view: View) -> dict[Face, bytes]:
        return {face: picture for face, picture in self.each({photo for photo, _ in faces}, view) if face in faces}

    def both(self, faces: Collection[Face]) -> tuple[dict[Face, bytes], dict[Face, bytes]]:
        return self.some(faces, "crop"), self.some(faces, "aligned")

    def each(self, photos: Set[str], view: View) -> Iterator[tuple[Face, bytes]]:
        for row in self._rows:
            if row["photo_key"] in photos and row[view] is not None:
                yield (row["photo_key"], row["face_index"]), row[view]
