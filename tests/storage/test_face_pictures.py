"""Pictures of faces are found in the encodings by photo and face, also while parts are merged."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from storage import face_pictures, row_groups
from storage.encodings import compact
from storage.face_pictures import FacePictures
from storage.parts import list_parts, part_path, table_of, write_part
from storage.schemas import FACES


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def rows_of(number: int) -> list[dict[str, Any]]:
    face = {**dict.fromkeys(FACES.names), "photo_key": key(number), "outcome": "ok", "reason": "", "note": ""}
    face |= {"detector": "hog"}
    return [
        {**face, "face_index": index, "crop": bytes([number, index]), "aligned": bytes([number, index, 1])}
        for index in (0, 1)
    ]


@pytest.fixture
def encodings(tmp_path: Path) -> Path:
    for start in range(0, 210, 3):
        rows = [row for number in range(start, start + 3) for row in rows_of(number)]
        write_part(part_path(tmp_path / "faces", f"{start:032x}"), table_of(rows, FACES))
    return tmp_path


def test_the_faces_that_are_asked_for_are_found_and_no_others(encodings: Path) -> None:
    pictures = FacePictures(encodings / "faces")
    assert pictures.some({(key(7), 1), (key(100), 0), ("lost", 0)}, "crop") == {
        (key(7), 1): bytes([7, 1]),
        (key(100), 0): bytes([100, 0]),
    }
    assert pictures.some([(key(7), 1)], "aligned") == {(key(7), 1): bytes([7, 1, 1])}
    assert pictures.some(set(), "crop") == {}
    some = {(key(7), 1), (key(100), 0), ("lost", 0)}
    assert pictures.both(some) == (pictures.some(some, "crop"), pictures.some(some, "aligned"))


def test_all_faces_of_photos_come_a_few_at_a_time(encodings: Path) -> None:
    compact(encodings)
    assert len(list_parts(encodings / "faces")) == 1
    photos = {key(number) for number in range(200)}
    found = dict(FacePictures(encodings / "faces").each(photos, "crop"))
    assert found == {(key(number), index): bytes([number, index]) for number in range(200) for index in (0, 1)}


def test_parts_that_are_merged_meanwhile_lose_nothing(encodings: Path) -> None:
    photos = {key(number) for number in range(210)}
    each = FacePictures(encodings / "faces").each(photos, "crop")
    first = next(each)
    compact(encodings)
    assert len({first[0], *(face for face, _ in each)}) == 2 * len(photos)


def test_only_row_groups_with_a_wanted_photo_are_read(encodings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compact(encodings)
    tables: list[pa.Table] = []
    groups = row_groups.groups_of_photos

    def counted(*arguments: Any) -> Any:
        for table in groups(*arguments):
            tables.append(table)
            yield table

    monkeypatch.setattr(face_pictures, "groups_of_photos", counted)
    assert FacePictures(encodings / "faces").some([(key(7), 0)], "crop")
    assert [table.num_rows for table in tables] == [2]
    assert all(FacePictures(encodings / "faces").both([(key(7), 0)]))
    assert [table.num_rows for table in tables] == [2, 2]


def test_a_damaged_part_is_set_aside_and_the_others_are_read(encodings: Path) -> None:
    part = list_parts(encodings / "faces")[0]
    part.write_bytes(part.read_bytes()[:-20])
    found = FacePictures(encodings / "faces").some([(key(0), 0), (key(7), 0)], "crop")
    assert found == {(key(7), 0): bytes([7, 0])}
    assert not part.exists()
