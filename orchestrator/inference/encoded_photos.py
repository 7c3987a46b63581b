"""The photos whose faces are in the encodings of a store, as a recogniser needs them: they are not encoded again.

A photo is known by the sha256 of its bytes, and the encodings by the fingerprints of face engine and encoders, so what
is read here equals to the bit what the engine would make of the photo now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from storage.encodings import Done
from storage.parts import list_parts, read_part
from storage.row_groups import groups_of_photos
from storage.runs import EMBEDDING_FOLDER, encodings_folder
from storage.schemas import EFFORTS, EMBEDDINGS, FACES, PICTURES
from workers.faces.engine_fingerprint import encoder_fingerprint, engine_fingerprint
from workers.faces.records import PhotoResult, stored_result
from workers.learning.encoder.picture_encoder import Encoder
from workers.recognition.recogniser import Recogniser

_COLUMNS = ("photo_key", "face_index", "outcome", "reason", "left", "top", "right", "bottom", "embedding")

Rows = list[dict[str, Any]]


class EncodedPhotos:
    """The photos in the encodings that suit one recogniser.

    Args:
        store: the store's folder; nothing is added to it, and a part that is found damaged is set aside.
    """

    def __init__(self, store: Path, recogniser: Recogniser) -> None:
        folder = encodings_folder(store, engine_fingerprint(recogniser.settings))
        others = {name: encoder_fingerprint(each.settings) for name, each in recogniser.others.items()}
        self._folder = folder / "faces"
        self._efforts = folder / "efforts"
        self._faces = Done(self._folder)
        self._embedded = {
            name: Done(folder / EMBEDDING_FOLDER / each, schema=EMBEDDINGS) for name, each in others.items()
        }
        encoders = [each for each in recogniser.encoders.values() if isinstance(each, Encoder)]
        views = {recogniser.model.configuration.view, *(each.view for each in encoders)}
        self._columns = [name for name in FACES.names if name in _COLUMNS or name in views & {*PICTURES}]

    @property
    def empty(self) -> bool:
        """Whether there is no photo at all; nothing is read for this."""
        return not list_parts(self._folder)

    def look(self) -> Set[str]:
        """The keys of all photos that are there now, embedded by every encoder of the recogniser."""
        found = self._faces.look()
        for each in self._embedded.values():
            found = found & each.look()
        return found

    def results(self, keys: Collection[str], timed: bool = False) -> Iterator[PhotoResult]:
        """What the engine made of these photos, a part at a time and in no order.

        Args:
            keys: as of the last `look`; a photo whose part went since then is left out.
            timed: whether the results tell the `seconds` of the worker that encoded them.
        """
        left = set(keys)
        for part in self._faces.parts_of(left):
            photos = self._rows(part, left)
            left -= photos.keys()
            others = {name: self._embeddings(done, photos.keys()) for name, done in self._embedded.items()}
            seconds = self._seconds(part.name) if timed else {}
            for key, rows in photos.items():
                if all(key in found for found in others.values()):
                    result = stored_result(rows, {name: found[key] for name, found in others.items()})
                    yield replace(result, seconds=seconds.get(key, {}))

    def _rows(self, part: Path, keys: Collection[str], schema: pa.Schema = FACES) -> dict[str, Rows]:
        """The rows of a part by photo; none of a part that is gone or damaged."""
        columns = self._columns if schema is FACES else schema.names
        found: defaultdict[str, Rows] = defaultdict(list)
        try:
            for table in groups_of_photos(part, schema, columns, pa.array(sorted(keys), pa.string())):
                for row in table.to_pylist():
                    found[row["photo_key"]].append(row)
        except FileNotFoundError:  # it was merged into another one, which the next look finds
            return {}
        # a damaged one was set aside in the midst of it, perhaps between two faces of a photo
        return found if part.is_file() else {}

    def _seconds(self, part: str) -> dict[str, dict[str, float]]:
        """The time of each step by photo, as the worker that wrote a part of faces noted it; empty where it is gone."""
        try:
            found = read_part(self._efforts / part, EFFORTS, ["photo_key", "seconds"])
        except FileNotFoundError:
            found = None
        rows = found.to_pylist() if found else []
        return {row["photo_key"]: dict(row["seconds"]) for row in rows}

    def _embeddings(self, done: Done, keys: Collection[str]) -> dict[str, dict[int, Any]]:
        """The embeddings by one encoder: by photo, then by face; a photo without a face has an empty row."""
        found: dict[str, dict[int, Any]] = {}
        for part in done.parts_of(keys):
            for key, rows in self._rows(part, keys, EMBEDDINGS).items():
                embedded = {row["face_index"]: row["embedding"] for row in rows}
                found[key] = {
                    face: None if each is None else np.asarray(each, np.float32) for face, each in embedded.items()
                }
        return found
