"""The null engine of `make scale` invents faces that are told from real ones, and nobody gets it by default."""

from __future__ import annotations

import numpy as np
import pytest

from storage.engine_settings import EngineSettings
from storage.errors import EngineError
from workers.faces.engine import load_engine
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.faces.null_engine import NOTE
from workers.faces.records import FaceRecord

SETTINGS = EngineSettings(null_engine=True)


def face(key: str, data: bytes) -> FaceRecord:
    (result,) = load_engine(SETTINGS).encode_photos([(key, data)], lambda _: None)
    (found,) = result.faces
    return found


def test_photos_of_a_person_are_nearer_than_those_of_two() -> None:
    one, same, other = (face(key, data) for key, data in (("a", b"1 ada"), ("b", b"2 ada"), ("c", b"3 bob")))
    assert np.linalg.norm(one.embedding - same.embedding) < 0.6
    assert np.linalg.norm(one.embedding - other.embedding) > 0.8
    assert face("a", b"1 ada").embedding.tobytes() == one.embedding.tobytes()


def test_its_faces_are_as_large_as_real_ones_and_say_what_they_are() -> None:
    found = face("a", b"1 ada")
    assert found.note == NOTE
    assert 6_000 < len(found.crop) < 11_000


def test_it_is_another_engine_that_no_default_chooses() -> None:
    assert engine_fingerprint(SETTINGS) != engine_fingerprint(EngineSettings())
    assert "null_engine" not in EngineSettings().plain()
    assert SETTINGS.plain()["null_engine"] is True


def test_it_names_nobody() -> None:
    with pytest.raises(EngineError, match="invents faces, and names nobody"):
        load_engine(SETTINGS).encode_pixels(np.zeros((9, 9, 3), np.uint8))
