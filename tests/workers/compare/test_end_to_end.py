"""End to end: whose photos count, and which are wrong before any configuration is asked."""

from __future__ import annotations

import pyarrow as pa

from storage.schemas import CATALOG, FACES, SPLITS
from workers.compare.end_to_end import counted_photos, photos_of_people, right_and_wrong


def catalog_of(photos: dict[str, str]) -> pa.Table:
    blank = {"path": "", "bytes": 1, "duplicate_group": 0, "outcome": "ok", "reason": ""}
    return pa.Table.from_pylist([{**blank, "photo_key": key, "label": who} for key, who in photos.items()], CATALOG)


def faces_of(keys: list[str]) -> pa.Table:
    blank = {"reason": "", "note": "", "detector": "hog", "face_index": 0, "outcome": "ok"}
    return pa.Table.from_pylist([{**blank, "photo_key": key} for key in keys], FACES)


def splits_of(roles: dict[str, str]) -> pa.Table:
    blank = {"repeat": 0, "fold": 0, "photo_key": "", "face_index": 0, "group": 0}
    return pa.Table.from_pylist([{**blank, "label": who, "role": role} for who, role in roles.items()], SPLITS)


def test_a_picture_with_several_names_is_nobodys_and_a_photo_counts_once() -> None:
    rows = catalog_of({"a": "ann", "b": "bob"}).to_pylist()
    catalog = pa.Table.from_pylist([*rows, rows[0], {**rows[1], "label": "ann"}], CATALOG)
    assert photos_of_people(catalog) == {"ann": {"a"}}


def test_every_photo_of_a_person_whom_detection_failed_is_a_wrong_answer() -> None:
    """134 photos: 96 of people with 90 faces, and 38 of people who drop out, almost all without a face."""
    photos = {f"a{i}": "ann" for i in range(48)} | {f"b{i}": "bob" for i in range(48)}
    photos |= {f"c{i}": "cid" for i in range(20)} | {f"d{i}": "dan" for i in range(18)}
    photos |= {f"e{i}": "eve" for i in range(3)} | {f"s{i}": "stranger" for i in range(9)}
    seen = [f"a{i}" for i in range(45)] + [f"b{i}" for i in range(45)] + ["c0", "c1", "c2", "e0", "e1", "e2"]
    splits = splits_of({"ann": "train", "bob": "test", "stranger": "unknown"})
    counted = counted_photos(catalog_of(photos), faces_of(seen), splits, least=4)
    assert [tuple(row.values()) for row in counted.to_pylist()] == [
        ("ann", 48, 45, False), ("bob", 48, 45, False), ("cid", 20, 3, True), ("dan", 18, 0, True),
    ]  # fmt: skip
    assert right_and_wrong(counted) == (90, 44)


def test_who_has_too_few_photos_anyway_or_only_near_duplicates_was_not_failed_by_detection() -> None:
    photos = {f"a{i}": "ann" for i in range(3)} | {f"b{i}": "bob" for i in range(6)}
    counted = counted_photos(catalog_of(photos), faces_of([f"b{i}" for i in range(6)]), splits_of({}), least=4)
    assert counted.num_rows == 0
