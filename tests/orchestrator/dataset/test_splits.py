"""The same tables give the same splits, and no picture is on both sides."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.dataset.near_duplicates import find_near_duplicates, perceptual_hash
from orchestrator.dataset.splits import Splits, make_splits
from storage.errors import DatasetError
from storage.experiments import Protocol
from storage.finding_schemas import LEFT_OUT_REASONS
from storage.schemas import CATALOG, FACES, SPLITS


def crop(seed: int, noise: float = 0.0) -> bytes:
    import cv2

    rng = np.random.default_rng(seed)
    picture = cv2.resize(rng.integers(0, 255, (9, 9, 3), np.uint8), (128, 128), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(picture + np.random.default_rng(1).normal(0, noise, picture.shape), 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])


def tables(people: dict[str, int], shuffle: int | None = None) -> tuple[pa.Table, pa.Table]:
    """A catalogue and faces of so many photos a person; photo_key is label-number."""
    photos = [(f"{label}-{i:03}", label) for label, count in people.items() for i in range(count)]
    if shuffle is not None:
        random.Random(shuffle).shuffle(photos)
    catalog = [row(CATALOG, photo_key=key, path=f"{key}.jpg", label=label) for key, label in photos]
    faces = []
    for key, _ in photos:
        seed = int.from_bytes(key.encode(), "big") % 2**32
        measured = np.random.default_rng(seed).normal(0, 0.1, 128).astype(np.float32)
        faces.append(row(FACES, photo_key=key, face_index=0, crop=crop(seed), embedding=measured.tolist()))
    return pa.Table.from_pylist(catalog, schema=CATALOG), pa.Table.from_pylist(faces, schema=FACES)


def row(schema: pa.Schema, **values: object) -> dict[str, object]:
    empty = {"outcome": "ok", "reason": "", "note": "", "detector": "hog", "bytes": 1, "duplicate_group": 0}
    return {name: values.get(name, empty.get(name)) for name in schema.names}


def with_rows(table: pa.Table, *rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist([*table.to_pylist(), *rows], schema=table.schema)


def roles(splits: Splits) -> Counter[tuple[str, str]]:
    pairs = zip(splits.table["label"].to_pylist(), splits.table["role"].to_pylist(), strict=True)
    return Counter(pairs)


def test_the_missions_split_is_stratified_seventy_to_thirty() -> None:
    splits = make_splits(*tables({"ann": 20, "bob": 10, "cid": 30}), Protocol())
    assert splits.table.schema.equals(SPLITS)
    assert roles(splits) == {
        ("ann", "train"): 14, ("ann", "test"): 6, ("bob", "train"): 7,
        ("bob", "test"): 3, ("cid", "train"): 21, ("cid", "test"): 9,
    }  # fmt: skip


def test_the_missions_split_is_train_test_split_itself() -> None:
    from sklearn.model_selection import train_test_split

    catalog, faces = tables({"ann": 20, "bob": 10})
    rows = make_splits(catalog, faces, Protocol()).table.to_pylist()
    keys = sorted(faces["photo_key"].to_pylist())
    _, expected = train_test_split(keys, test_size=0.3, stratify=[key[:3] for key in keys], random_state=42)
    assert {each["photo_key"] for each in rows if each["role"] == "test"} == set(expected)


@pytest.mark.parametrize("protocol", [Protocol(), Protocol(kind="kfold", repeats=2), Protocol(unknown_share=0.4)])
def test_the_order_of_the_tables_changes_nothing(protocol: Protocol) -> None:
    people = dict.fromkeys(("ann", "bob", "cid", "dan", "eve"), 8)
    first = make_splits(*tables(people), protocol)
    assert first.table.equals(make_splits(*tables(people, shuffle=5), protocol).table)
    assert not first.table.equals(make_splits(*tables(people), replace(protocol, seed=43)).table)


def test_each_face_tests_once_in_each_repeat_of_a_kfold() -> None:
    splits = make_splits(*tables({"ann": 15, "bob": 10}), Protocol(kind="kfold", folds=5, repeats=3))
    rows = splits.table.to_pylist()
    tests = Counter((each["repeat"], each["photo_key"]) for each in rows if each["role"] == "test")
    assert len(tests) == 3 * 25
    assert set(tests.values()) == {1}
    per_fold = Counter((each["repeat"], each["fold"], each["label"]) for each in rows if each["role"] == "test")
    assert {(key[2], count) for key, count in per_fold.items()} == {("ann", 3), ("bob", 2)}
    folds = [
        frozenset(e["photo_key"] for e in rows if (e["repeat"], e["fold"], e["role"]) == (r, 0, "test")) for r in (0, 1)
    ]
    assert folds[0] != folds[1]


def test_exact_duplicates_count_once_and_two_names_take_no_part() -> None:
    catalog, faces = tables({"ann": 8, "bob": 8})
    catalog = with_rows(
        catalog,
        row(CATALOG, photo_key="ann-000", path="copy.jpg", label="ann"),
        row(CATALOG, photo_key="bob-001", path="stolen.jpg", label="ann"),
    )
    splits = make_splits(catalog, faces, Protocol())
    keys = splits.table["photo_key"].to_pylist()
    assert len(keys) == len(set(keys)) == 15
    assert splits.conflicting == ("bob-001",)
    assert "bob-001" not in keys


def test_near_duplicates_are_reported_and_grouped_where_asked() -> None:
    catalog, faces = tables({"ann": 10, "bob": 10})
    rows = faces.to_pylist()
    rows[1]["crop"] = crop(int.from_bytes(b"ann-000", "big") % 2**32, noise=2)
    rows[3]["embedding"] = [value + 0.005 for value in rows[2]["embedding"]]  # 0.005 * sqrt(128) = 0.057
    faces = pa.Table.from_pylist(rows, schema=FACES)
    reported = make_splits(catalog, faces, Protocol(near_duplicates="report"))
    assert reported.near_duplicates.by_hash == ((("ann-000", 0), ("ann-001", 0)),)
    assert reported.near_duplicates.by_embedding == ((("ann-002", 0), ("ann-003", 0)),)
    assert len(set(reported.table["group"].to_pylist())) == 20
    for seed in range(20):
        grouped = make_splits(catalog, faces, Protocol(near_duplicates="group", seed=seed)).table.to_pylist()
        role = {each["photo_key"]: each["role"] for each in grouped}
        assert role["ann-000"] == role["ann-001"]
        assert role["ann-002"] == role["ann-003"]
    assert len({each["group"] for each in grouped}) == 18
    told = [tuple(row.values()) for row in reported.tables()["near_duplicates"].to_pylist()]
    assert told == [("ann-000", 0, "ann-001", 0, True, False), ("ann-002", 0, "ann-003", 0, False, True)]


def test_a_kfold_groups_near_duplicates_unless_told_otherwise_and_the_missions_split_does_not() -> None:
    catalog, faces = tables({"ann": 12, "bob": 12})
    rows = faces.to_pylist()
    rows[1]["crop"] = rows[0]["crop"]
    faces = pa.Table.from_pylist(rows, schema=FACES)
    groups = {
        (kind, near): len(set(make_splits(catalog, faces, Protocol(kind=kind, near_duplicates=near)).table["group"]))
        for kind in ("holdout", "kfold")
        for near in ("auto", "report", "group")
    }
    assert groups == {
        ("holdout", "auto"): 24, ("holdout", "report"): 24, ("holdout", "group"): 23,
        ("kfold", "auto"): 23, ("kfold", "report"): 24, ("kfold", "group"): 23,
    }  # fmt: skip


def test_a_face_and_its_near_duplicates_never_straddle_a_kfold() -> None:
    """Chains too: 0 is near 1 by picture, 1 is near 2 by embedding, so all three stay together."""
    catalog, faces = tables({"ann": 12, "bob": 12})
    rows = faces.to_pylist()
    rows[1]["crop"] = rows[0]["crop"]
    rows[2]["embedding"] = [value + 0.005 for value in rows[1]["embedding"]]
    faces = pa.Table.from_pylist(rows, schema=FACES)
    for seed in range(5):
        table = make_splits(catalog, faces, Protocol(kind="kfold", repeats=2, seed=seed)).table
        roles_of = defaultdict(set)
        for each in table.to_pylist():
            if each["photo_key"] in ("ann-000", "ann-001", "ann-002"):
                roles_of[each["repeat"], each["fold"]].add(each["role"])
        assert len(roles_of) == 10
        assert all(len(found) == 1 for found in roles_of.values())


def test_the_hash_survives_noise_and_parts_pictures() -> None:
    assert bin(perceptual_hash(crop(1)) ^ perceptual_hash(crop(1, noise=5))).count("1") <= 4
    assert bin(perceptual_hash(crop(1)) ^ perceptual_hash(crop(2))).count("1") > 16
    with pytest.raises(ValueError, match="not an image"):
        perceptual_hash(b"nothing")


def test_near_duplicates_of_different_people_or_of_one_photo_are_not_sought() -> None:
    face = row(FACES, face_index=0, crop=crop(1), embedding=[0.0] * 128)
    photos = [("a", 0), ("b", 0), ("b", 1)]
    table = pa.Table.from_pylist([{**face, "photo_key": k, "face_index": i} for k, i in photos], schema=FACES)
    found = find_near_duplicates(table, {"a": "ann", "b": "bob"}, 4, 0.15)
    assert found.pairs == ()


def test_all_faces_of_a_photo_stay_together() -> None:
    catalog, faces = tables({"ann": 10, "bob": 10})
    faces = with_rows(faces, *({**each, "face_index": 1} for each in faces.to_pylist()))
    sides = defaultdict(set)
    for each in make_splits(catalog, faces, Protocol()).table.to_pylist():
        sides[each["photo_key"]].add(each["role"])
    assert len(sides) == 20
    assert all(len(side) == 1 for side in sides.values())


def test_people_with_too_few_photos_are_left_out_and_named() -> None:
    catalog, faces = tables({"ann": 8, "bob": 8, "few": 3, "gone": 5})
    rows = [
        {**each, "outcome": "no_face" if each["photo_key"].startswith("gone") else "ok"} for each in faces.to_pylist()
    ]
    splits = make_splits(catalog, pa.Table.from_pylist(rows, schema=FACES), Protocol())
    assert splits.excluded == (("few", 3),)
    assert splits.faceless == ("gone",)
    assert set(splits.table["label"].to_pylist()) == {"ann", "bob"}
    rows = splits.tables()["left_out"].to_pylist()
    assert [(row["reason"], row["label"], row["groups"]) for row in rows] == [
        ("too_few_photos", "few", 3), ("no_face", "gone", 0),
    ]  # fmt: skip
    assert {row["reason"] for row in rows} <= set(LEFT_OUT_REASONS)


def test_unknown_people_never_train_and_choose_or_test_but_not_both() -> None:
    people = {f"p{i}": 6 for i in range(10)}
    splits = make_splits(*tables(people), Protocol(unknown_share=0.4, kind="kfold", folds=3))
    by_person = defaultdict(set)
    for each in splits.table.to_pylist():
        by_person[each["label"]].add(each["role"])
    counts = Counter(frozenset(found) for found in by_person.values())
    assert counts == {
        frozenset({"train", "test"}): 6,
        frozenset({"calibrate"}): 2,
        frozenset({"unknown"}): 2,
    }
    assert {label for label, found in by_person.items() if found == {"unknown"}} == set(
        splits.unknown_people["unknown"]
    )


@pytest.mark.parametrize(
    ("people", "protocol", "message"),
    [
        ({"ann": 9, "bob": 3}, Protocol(), "Only 1 people have 4"),
        ({"ann": 9, "bob": 9}, Protocol(kind="kfold", folds=10), "Only 0 people have 10"),
        ({"ann": 9, "bob": 9, "cid": 9}, Protocol(unknown_share=0.1), "unknown"),
        ({"ann": 4, "bob": 4}, Protocol(test_share=0.1), "cannot be split"),
    ],
)
def test_what_cannot_be_split_says_which_setting_to_change(
    people: dict[str, int], protocol: Protocol, message: str
) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        make_splits(*tables(people), protocol)
    assert "protocol." in str(caught.value)
