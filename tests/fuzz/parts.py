"""Parquet parts: a mutated part is read as it was written, or said to be damaged. No other error leaves the readers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from storage.errors import StoreError
from storage.part_checks import count_rows, is_intact, is_of_another_schema
from storage.parts import read_metadata, read_part, table_of, write_part
from storage.schemas import CATALOG, EMBEDDING_SIZE, FACES, LANDMARKS
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target


def _parts() -> list[bytes]:
    """A part of faces and a catalogue, a few rows each."""
    draw = np.random.default_rng(1)
    face = dict.fromkeys(FACES.names) | {"face_index": 0, "outcome": "ok", "reason": "", "note": "", "detector": "hog"}
    arrays = {
        "landmarks": draw.random(2 * LANDMARKS, np.float32).tolist(),
        "embedding": draw.random(EMBEDDING_SIZE, np.float32).tolist(),
        **{"crop": b"\xff\xd8", "aligned": b"\xff\xd8", "score": 0.5},
    }
    faces = [{**face, **arrays, "photo_key": f"{number:064x}"} for number in range(3)]
    photo = dict.fromkeys(CATALOG.names) | {"bytes": 9, "duplicate_group": 0, "outcome": "ok", "reason": ""}
    photos = [{**photo, "photo_key": f"{n:064x}", "path": f"ann/{n}.jpg", "label": "ann"} for n in range(3)]
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for rows, schema in ((faces, FACES), (photos, CATALOG)):
            path = Path(folder) / "part.parquet"
            write_part(path, table_of(rows, schema), {"lineup.engine": "x"})
            made.append(path.read_bytes())
    return made


_FOLDER = tempfile.TemporaryDirectory(prefix="lineup-fuzz-")


def _read(data: bytes) -> str:
    path = Path(_FOLDER.name) / "part.parquet"
    path.write_bytes(data)
    outcome = "damaged"
    for schema in (FACES, CATALOG):
        table = read_part(path, schema)
        is_intact(path, schema)
        is_of_another_schema(path, schema)
        if table is not None:
            table.validate(full=True)
            table.to_pylist()
            outcome = "read"
    count_rows(path)
    try:
        read_metadata(path)
    except StoreError:
        return outcome
    return outcome


TARGETS = (Target("parts", mutated(_parts()), _read),)
