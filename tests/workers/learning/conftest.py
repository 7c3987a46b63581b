"""Faces that the real engine found in drawn photos, once for all tests of this room."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pyarrow as pa
import pytest

from storage.engine_settings import EngineSettings
from storage.parts import table_of
from storage.schemas import FACES
from workers.faces.engine import load_engine
from workers.faces.records import face_rows
from workers.synthetic import draw_identity, draw_scene, render

PEOPLE, PHOTOS, SIDE = 3, 5, 256


def photo(person: int, number: int) -> bytes:
    """A lossless picture of a drawn person."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(render(draw_identity(1, person), draw_scene(1, person, number), SIDE)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def photos() -> dict[str, list[bytes]]:
    """Five photos of each of three people, by name."""
    return {f"person-{person}": [photo(person, number) for number in range(PHOTOS)] for person in range(PEOPLE)}


@pytest.fixture(scope="session")
def people_of(photos: dict[str, list[bytes]]) -> dict[str, str]:
    """photo_key -> label."""
    return {hashlib.sha256(data).hexdigest(): who for who, own in photos.items() for data in own}


@pytest.fixture(scope="session")
def faces_table(photos: dict[str, list[bytes]]) -> pa.Table:
    """A FACES table of these photos, and of one file that is none."""
    files = [("0" * 64, b"not a photo")]
    files += [(hashlib.sha256(data).hexdigest(), data) for own in photos.values() for data in own]
    results = load_engine(EngineSettings(detector="hog")).encode_photos(files, lambda _: None)
    return table_of([row for result in results for row in face_rows(result)], FACES)


@pytest.fixture
def split_rows(people_of: dict[str, str]) -> list[dict[str, Any]]:
    """One split: person-2 is unknown; of the others one photo tests, one calibrates and three train."""
    rows: list[dict[str, Any]] = []
    seen = dict.fromkeys(people_of.values(), 0)
    for key in sorted(people_of):
        who = people_of[key]
        seen[who] += 1
        role = "unknown" if who == "person-2" else {1: "test", 2: "calibrate"}.get(seen[who], "train")
        at = {"repeat": 0, "fold": 0, "photo_key": key, "face_index": 0}
        rows.append({**at, "label": who, "group": len(rows), "role": role})
    return rows
