"""Load a run's faces, splits and encoders for a job.

What a worker process has loaded stays in memory: every configuration of a run reads the same faces.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from storage.encoder_settings import OnnxEncoder, OwnEncoder
from storage.engine_settings import EngineSettings
from storage.face_pictures import FacePictures
from storage.finding_schemas import NEAR_DUPLICATES
from storage.folders import FileVersion, file_version
from storage.run_faces import read_embeddings, read_faces
from storage.runs import Run
from storage.schemas import CATALOG, EMBEDDINGS, RUN_FACES, SPLITS
from storage.tables import is_usable, read_table
from workers.jobs.planned_encoders import load_onnx_encoder, trained_encoder
from workers.jobs.stored_jpegs import StoredJpegs
from workers.learning.combined_encoders import side_by_side
from workers.learning.configurations import RUN_ENCODER, Configuration, encoder_parts
from workers.learning.encoder.picture_encoder import encoder_digest, load_picture_encoder
from workers.learning.face_arrays import Faces, labels_of, median_microseconds
from workers.learning.face_chooser import FaceChooser, chooser_of
from workers.learning.split_rows import COLUMNS, SplitRows

KEY_COLUMNS = ["photo_key", "face_index", "outcome"]
FACE_COLUMNS = [*KEY_COLUMNS, "embedding"]


def load_faces(run: Run, configuration: Configuration) -> Faces:
    """The faces of a run, measured by the encoder of the configuration.

    Raises:
        StoreError: the faces are missing or damaged, or the encoder is not the planned one.
    """
    return faces_by_encoder(run, configuration.encoder)


def faces_by_encoder(run: Run, encoder: str) -> Faces:
    """The same by the name of the encoder; it is empty for the run's own. Raises as `load_faces` does."""
    parts = encoder_parts(encoder)
    embedded = [_embedded(run, name) for name in parts] or [_embedded(run, RUN_ENCODER)]
    if len(embedded) == 1:
        return embedded[0]
    together = side_by_side({name: each.embedding for name, each in zip(parts, embedded, strict=True)})
    seconds = sum(each.encoder_microseconds for each in embedded)
    return replace(embedded[0], embedding=together, encoder_microseconds=seconds)


def _embedded(run: Run, encoder: str) -> Faces:
    """The faces by one encoder; RUN_ENCODER is the face engine's own."""
    key = _key(run)
    if encoder == RUN_ENCODER:
        return _faces(key)
    planned = run.plan.experiment.encoders[encoder]
    if isinstance(planned, OwnEncoder):
        folder = trained_encoder(run, planned)
        return _measured(key, folder, encoder_digest(folder))
    table = run.embeddings(encoder)
    return _looked_up(key, table, file_version(table), run.store, planned, run.plan.engine)


def load_chooser(run: Run) -> FaceChooser | None:
    """What chooses among the faces of a photo that trains; None where the run's policy is not `consistent`.

    Raises:
        StoreError: a table is missing or damaged.
    """
    if run.plan.engine.policy != "consistent":
        return None
    near = read_table(run.table("near_duplicates"), NEAR_DUPLICATES, ["first", "second"])
    pairs = zip(near["first"].to_pylist(), near["second"].to_pylist(), strict=True)
    faces = read_faces(run, KEY_COLUMNS)
    return chooser_of(faces, pairs, read_table(run.catalog, CATALOG), read_embeddings(run.faces, is_usable(faces)))


def one_face_each(run: Run, catalog: pa.Table, faces: pa.Table) -> pa.Table:
    """RUN_FACES under `consistent` with the chosen face of each labelled photo, all of them asked; else all rows."""
    chooser = load_chooser(run)
    if chooser is None:
        return faces
    labels, _ = labels_of(catalog)
    indices = zip(faces["photo_key"].to_pylist(), faces["outcome"].to_pylist(), strict=True)
    usable = {key for key, outcome in indices if outcome == "ok"}
    chosen = chooser.choose({key: label for key, label in labels.items() if key in usable})
    columns = zip(faces["photo_key"].to_pylist(), faces["face_index"].to_pylist(), strict=True)
    return faces.filter(pa.array([key not in chosen or chosen[key].face_index == index for key, index in columns]))


def load_split(run: Run, repeat: int, fold: int) -> SplitRows:
    """The rows of one split; raises StoreError where the splits are missing or damaged."""
    return _split(run.splits, file_version(run.splits), repeat, fold)


def forget_faces() -> None:
    """Free the faces and rows that trainings of this process have loaded."""
    for loaded in (_looked_up, _measured, _faces, _split):
        loaded.cache_clear()


class _Key(NamedTuple):
    """Which faces: the table and its version, the folder with their pictures, and whether these can be aligned."""

    table: Path
    version: FileVersion
    pictures: Path
    has_aligned: bool


def _key(run: Run) -> _Key:
    return _Key(run.faces, file_version(run.faces), run.encodings / "faces", run.plan.engine.landmarks != "5")


@functools.lru_cache(maxsize=1)
def _faces(key: _Key) -> Faces:
    table = read_table(key.table, RUN_FACES, KEY_COLUMNS)
    embedding = read_embeddings(key.table, is_usable(table))
    faces = faces_with_pictures(table, key.pictures, key.has_aligned, embedding)
    pa.default_memory_pool().release_unused()  # what reading took, which is more than the faces
    return faces


def faces_with_pictures(
    table: pa.Table, pictures: Path, has_aligned: bool, embedding: npt.NDArray[np.float32] | None = None
) -> Faces:
    """The usable faces of a table; their pictures are read from that folder of the encodings when a view needs them.

    Args:
        table: FACE_COLUMNS of RUN_FACES, or KEY_COLUMNS where `embedding` is given.
        has_aligned: False where the face engine had no 68 points to align by.
        embedding: of the usable faces.
    """
    faces = Faces.from_table(table, {}, embedding)
    places = list(zip(faces.keys, faces.face_index.tolist(), strict=True))
    return replace(faces, jpegs=StoredJpegs(places, FacePictures(pictures), has_aligned))


@functools.lru_cache(maxsize=2)
def _measured(key: _Key, encoder: Path, _digest: str) -> Faces:
    return _faces(key).embedded_by(load_picture_encoder(encoder))


@functools.lru_cache(maxsize=2)
def _looked_up(
    key: _Key,
    table: Path,
    _table_version: FileVersion,
    store: Path,
    encoder: OnnxEncoder,
    engine: EngineSettings,
) -> Faces:
    loaded = load_onnx_encoder(store, encoder)
    blank = np.full((encoder.size, encoder.size, 3), 128, np.uint8)
    microseconds = median_microseconds(lambda: loaded.embed([blank], engine.mirror, engine.jitter))
    return _faces(key).with_embeddings(read_table(table, EMBEDDINGS), microseconds)


@functools.lru_cache(maxsize=1)
def _split(path: Path, _version: FileVersion, repeat: int, fold: int) -> SplitRows:
    table = read_table(path, SPLITS, list(COLUMNS))
    mine = pc.and_(pc.equal(table["repeat"], repeat), pc.equal(table["fold"], fold))
    return SplitRows(table.filter(mine))
