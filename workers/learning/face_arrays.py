"""The faces of a run as arrays. Pictures are decoded when they are read; few of them are then kept."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.errors import InputError
from storage.run_faces import embedding_array
from storage.schemas import EMBEDDING_SIZE, PICTURES
from storage.tables import usable_rows
from workers.learning.face_batch import FaceBatch
from workers.learning.pictures import Pictures, decode_jpegs

if TYPE_CHECKING:
    from workers.learning.encoder.picture_encoder import Encoder

TIMED_FACES = 50
"""So many calls of an encoder, warm, are timed."""

KEPT_DECODED = 2_000
"""So many pictures are kept decoded, 98 MB; more are decoded for each batch, a few per cent of a training step."""


@dataclass(frozen=True)
class Faces:
    """The usable faces of a run, N of them, in the table's order.

    Attributes:
        keys: photo keys, length N.
        face_index: (N,) int16.
        embedding: (N, D) float32.
        jpegs: by view N JPEGs, 128 x 128 RGB: crop is the detector's box; aligned has eyes and lips moved to fixed
            places, and is None without 68 points.
        encoder_microseconds: an own encoder's median time for a face; 0 where the face engine made the embeddings.
    """

    keys: tuple[str, ...]
    face_index: npt.NDArray[np.int16]
    embedding: npt.NDArray[np.float32]
    jpegs: Mapping[str, Sequence[bytes | None]]
    encoder_microseconds: float = 0.0

    @classmethod
    def from_table(
        cls,
        table: pa.Table,
        jpegs: Mapping[str, Sequence[bytes | None]] | None = None,
        embedding: npt.NDArray[np.float32] | None = None,
    ) -> Faces:
        """The rows of a RUN_FACES table whose outcome is ok; of it photo_key, face_index and embedding are read.

        Args:
            jpegs: as above, of these rows; None takes them from the table, where it has any.
            embedding: as above, of these rows; None takes them from the table.
        """
        good = usable_rows(table)
        pictures = {view: good[view].to_pylist() for view in PICTURES if view in good.column_names}
        return cls(
            keys=tuple(good["photo_key"].to_pylist()),
            face_index=good["face_index"].to_numpy().astype(np.int16),
            embedding=(embedding_array(good) if embedding is None else embedding).reshape(-1, EMBEDDING_SIZE),
            jpegs=pictures if jpegs is None else jpegs,
        )

    @cached_property
    def _pictures(self) -> dict[str, Pictures]:
        return {}

    def pictures(self, view: str) -> Pictures:
        """The pictures of a view, crop or aligned; up to KEPT_DECODED of them are decoded once and kept.

        Raises:
            InputError: the engine had no 68 points to align by.
        """
        if view not in self._pictures:
            jpegs = self.jpegs[view]
            few = len(jpegs) <= KEPT_DECODED
            if view == "aligned" and any(each is None for each in (jpegs if few else jpegs[:1])):
                raise InputError(
                    'these faces were encoded with faces.landmarks = "5" and have no aligned pictures',
                    'Use crops or measurements, or set landmarks = "68"',
                )
            self._pictures[view] = Pictures(decode_jpegs(jpegs) if few else jpegs)
        return self._pictures[view]

    def rows(self, pairs: Iterable[tuple[str, int]]) -> npt.NDArray[np.intp]:
        """Row numbers of (photo_key, face_index) pairs, (pairs,) intp.

        Raises:
            KeyError: a pair is not among the usable faces.
        """
        where = {pair: row for row, pair in enumerate(zip(self.keys, self.face_index.tolist(), strict=True))}
        return np.asarray([where[pair] for pair in pairs], np.intp)

    def embedded_by(self, encoder: Encoder) -> Faces:
        """The same faces with embeddings of an own encoder, computed from the view that it was trained on."""
        pictures = self.pictures(encoder.view)
        embedding = encoder(pictures)
        sample = np.asarray(pictures[:TIMED_FACES])  # decoded: the time is the encoder's
        rows = itertools.cycle(range(len(sample)))

        def encode_one() -> None:
            row = next(rows)
            encoder(sample[row : row + 1])

        microseconds = median_microseconds(encode_one) if len(sample) else 0.0
        return replace(self, embedding=embedding, encoder_microseconds=microseconds)

    def with_embeddings(self, table: pa.Table, microseconds: float) -> Faces:
        """The same faces with their rows of a table of EMBEDDINGS.

        Args:
            microseconds: the encoder's time for a face.

        Raises:
            KeyError: a face has no row.
            ValueError: the rows are not equally long.
        """
        columns = (table[name].to_pylist() for name in ("photo_key", "face_index", "embedding"))
        rows = {(key, index): embedding for key, index, embedding in zip(*columns, strict=True)}
        found = [rows[pair] for pair in zip(self.keys, self.face_index.tolist(), strict=True)]
        embedding = np.asarray(found, np.float32).reshape(len(found), -1 if found else 0)
        return replace(self, embedding=embedding, encoder_microseconds=microseconds)

    def view(self, name: str) -> npt.NDArray[np.generic]:
        """The array of a view: crop and aligned (N, 128, 128, 3) uint8 RGB, decoded; embedding; none (N, 0) float32.

        Raises:
            KeyError: there is no such view.
        """
        if name == "none":
            return np.zeros((len(self.keys), 0), np.float32)
        return self.embedding if name == "embedding" else np.asarray(self.pictures(name))

    def batch(self, view: str) -> FaceBatch:
        """The faces in that view, with their embeddings beside it; pictures are not decoded. Raises as `view` does."""
        return FaceBatch(self.pictures(view) if view in PICTURES else self.view(view), self.embedding)


def median_microseconds(embed_one: Callable[[], object]) -> float:
    """The median time of TIMED_FACES calls, of which each embeds one face."""
    times = []
    for _ in range(TIMED_FACES):
        start = time.perf_counter_ns()
        embed_one()
        times.append((time.perf_counter_ns() - start) / 1000)
    return float(np.median(times))


def labels_of(catalog: pa.Table) -> tuple[dict[str, str], tuple[str, ...]]:
    """From a CATALOG table: the label of each photo key, and the sorted keys that have several labels.

    A photo with several labels is left out of training: at least one of its labels is wrong.
    """
    named: dict[str, str] = {}
    several: set[str] = set()
    columns = (catalog[name].to_pylist() for name in ("photo_key", "label", "outcome"))
    for key, label, outcome in zip(*columns, strict=True):
        if outcome == "ok" and named.setdefault(key, sys.intern(label)) != label:
            several.add(key)
    single = {key: name for key, name in named.items() if key not in several} if several else named
    return single, tuple(sorted(several))
