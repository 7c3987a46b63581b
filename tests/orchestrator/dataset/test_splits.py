"""The same tables give the same splits, and no picture is on both sides."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.dataset.near_duplicates import find_near_duplicates, perceptual_hash
from orchestrator.dataset.splits import Splits, check_splittable, make_splits
from storage.errors import DatasetError
from storage.experiments import Protocol
from storage.finding_schemas import LEFT_OUT_REASONS
from storage.schemas import CATALOG, FACES, SPLITS
from tests.table_pictures import TablePictures


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


def splits_of(catalog: pa.Table, faces: pa.Table, protocol: Protocol) -> Splits:
    return make_splits(catalog, faces, protocol, TablePictures(faces))


def with_rows(table: pa.Table, *rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist([*table.to_pylist(), *rows], schema=table.schema)


def roles(splits: Splits) -> Counter[tuple[str, str]]:
    pairs = zip(splits.table["label"].to_pylist(), splits.table["role"].to_pylist(), strict=True)
    return Counter(pairs)


def test_the_missions_split_is_stratified_seventy_to_thirty() -> None:
    splits = splits_of(*tables({"ann": 20, "bob": 10, "cid": 30}), Protocol())
    assert splits.table.schema.equals(SPLITS)
    assert roles(splits) == {
        ("ann", "train"): 14, ("ann", "test"): 6, ("bob", "train"): 7,
        ("bob", "test"): 3, ("cid", "train"): 21, ("cid", "test"): 9,
    }  # fmt: skip


def test_the_missions_split_is_train_test_split_itself() -> None:
    from sklearn.model_selection import train_test_split

    catalog, faces = tables({"ann": 20, "bob": 10})
    rows = splits_of(catalog, faces, Protocol()).table.to_pylist()
    keys = sorted(faces["photo_key"].to_pylist())
    _, expected = train_test_split(keys, test_size=0.3, stratify=[key[:3] for key in keys], random_state=42)
    assert {each["photo_key"] for each in rows if each["role"] == "test"} == set(expected)


@pytest.mark.parametrize("protocol", [Protocol(), Protocol(kind="kfold", repeats=2), Protocol(unknown_share=0.4)])
def test_the_order_of_the_tables_changes_nothing(protocol: Protocol) -> None:
    people = dict.fromkeys(("ann", "bob", "cid", "dan", "eve"), 8)
    first = splits_of(*tables(people), protocol)
    assert first.table.equals(splits_of(*tables(people, shuffle=5), protocol).table)
    assert not first.table.equals(splits_of(*tables(people), replace(protocol, seed=43)).table)


def test_each_face_tests_once_in_each_repeat_of_a_kfold() -> None:
    splits = splits_of(*tables({"ann": 15, "bob": 10}), Protocol(kind="kfold", folds=5, repeats=3))
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
    splits = splits_of(catalog, faces, Protocol())
    keys = splits.table["photo_key"].to_pylist()
    assert len(keys) == len(set(keys)) == 15
    assert [dict(each) for each in splits.left_out] == [{"reason": "several_names", "photo_key": "bob-001"}]
    assert "bob-001" not in keys


def test_near_duplicates_are_reported_and_grouped_where_asked() -> None:
    catalog, faces = tables({"ann": 10, "bob": 10})
    rows = faces.to_pylist()
    rows[1]["crop"] = crop(int.from_bytes(b"ann-000", "big") % 2**32, noise=2)
    rows[3]["embedding"] = [value + 0.005 for value in rows[2]["embedding"]]  # 0.005 * sqrt(128) = 0.057
    faces = pa.Table.from_pylist(rows, schema=FACES)
    reported = splits_of(catalog, faces, Protocol(near_duplicates="report"))
    assert reported.near_duplicates.by_hash == ((("ann-000", 0), ("ann-001", 0)),)
    assert reported.near_duplicates.by_embedding == ((("ann-002", 0), ("ann-003", 0)),)
    assert len(set(reported.table["group"].to_pylist())) == 20
    for seed in range(20):
        grouped = splits_of(catalog, faces, Protocol(near_duplicates="group", seed=seed)).table.to_pylist()
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
        (kind, near): len(set(splits_of(catalog, faces, Protocol(kind=kind, near_duplicates=near)).table["group"]))
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
        table = splits_of(catalog, faces, Protocol(kind="kfold", repeats=2, seed=seed)).table
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
    found = find_near_duplicates(table, {"a": "ann", "b": "bob"}, 4, 0.15, TablePictures(table))
    assert found.pairs == ()


def test_all_faces_of_a_photo_stay_together() -> None:
    catalog, faces = tables({"ann": 10, "bob": 10})
    faces = with_rows(faces, *({**each, "face_index": 1} for each in faces.to_pylist()))
    sides = defaultdict(set)
    for each in splits_of(catalog, faces, Protocol()).table.to_pylist():
        sides[each["photo_key"]].add(each["role"])
    assert len(sides) == 20
    assert all(len(side) == 1 for side in sides.values())


def test_people_with_too_few_photos_are_left_out_and_named() -> None:
    catalog, faces = tables({"ann": 8, "bob": 8, "few": 3, "gone": 5})
    rows = [
        {**each, "outcome": "no_face" if each["photo_key"].startswith("gone") else "ok"} for each in faces.to_pylist()
    ]
    splits = splits_of(catalog, pa.Table.from_pylist(rows, schema=FACES), Protocol())
    assert set(splits.table["label"].to_pylist()) == {"ann", "bob"}
    rows = splits.tables()["left_out"].to_pylist()
    assert [(row["reason"], row["label"], row["groups"]) for row in rows] == [
        ("too_few_photos", "few", 3), ("no_face", "gone", 0),
    ]  # fmt: skip
    assert {row["reason"] for row in rows} <= set(LEFT_OUT_REASONS)


def test_unknown_people_never_train_and_choose_or_test_but_not_both() -> None:
    people = {f"p{i}": 6 for i in range(10)}
    splits = splits_of(*tables(people), Protocol(unknown_share=0.4, kind="kfold", folds=3))
    for by_person in roles_by_split(splits).values():
        counts = Counter(frozenset(found) for found in by_person.values())
        assert counts == {
            frozenset({"train", "test"}): 6,
            frozenset({"calibrate"}): 2,
            frozenset({"unknown"}): 2,
        }


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol(unknown_share=0.4, kind="kfold", folds=5),
        Protocol(unknown_share=0.2, repeats=10),
        Protocol(unknown_share=0.3, kind="k-shot", shots=(1, 2), repeats=10),
    ],
)
def test_everybody_plays_the_stranger_in_turn(protocol: Protocol) -> None:
    splits = splits_of(*tables({f"p{i}": 8 for i in range(10)}), protocol)
    found = roles_by_split(splits)
    tested = Counter(label for by_person in found.values() for label, role in by_person.items() if role == {"unknown"})
    assert len(tested) == 10
    assert max(tested.values()) - min(tested.values()) <= 2
    known = {label for by_person in found.values() for label, role in by_person.items() if "test" in role}
    assert len(known) == 10


def test_a_kshot_trains_so_many_photos_a_person_and_tests_the_same_photos() -> None:
    protocol = Protocol(kind="k-shot", shots=(1, 2, 4, 8), repeats=3)
    rows = splits_of(*tables({"ann": 10, "bob": 10, "cid": 6, "dan": 6}), protocol).table.to_pylist()
    for repeat in range(3):
        trained: dict[int, set[str]] = {}
        for fold, (shots, people) in enumerate(((1, 4), (2, 4), (4, 4), (8, 2))):
            mine = [each for each in rows if (each["repeat"], each["fold"]) == (repeat, fold)]
            per_person = Counter(each["label"] for each in mine if each["role"] == "train")
            assert list(per_person.values()) == [shots] * people
            trained[fold] = {each["photo_key"] for each in mine if each["role"] == "train"}
        assert trained[0] < trained[1] < trained[2]
        tests = [
            {each["photo_key"] for each in rows if (each["repeat"], each["fold"], each["role"]) == (repeat, f, "test")}
            for f in range(4)
        ]
        assert tests[0] == tests[1] == tests[2]
        assert tests[3] == {key for key in tests[0] if key[:3] in ("ann", "bob")}
        assert not set().union(*tests) & set().union(*trained.values())


def test_a_kshot_that_only_one_person_could_fill_is_not_drawn() -> None:
    protocol = Protocol(kind="k-shot", shots=(1, 16), repeats=1)
    rows = splits_of(*tables({"ann": 30, "bob": 8}), protocol).table.to_pylist()
    assert {each["fold"] for each in rows} == {0}


GROUPS = [Protocol(), Protocol(kind="kfold", folds=3, repeats=2), Protocol(kind="k-shot", shots=(1, 2)),
          Protocol(kind="kfold", folds=3, unknown_share=0.4)]  # fmt: skip


@pytest.mark.parametrize("protocol", GROUPS)
@pytest.mark.parametrize("scenes_of", ["one person", "several people"])
def test_a_group_of_the_labels_file_never_trains_and_does_more(protocol: Protocol, scenes_of: str) -> None:
    catalog, faces = tables({f"p{i}": 12 for i in range(6)})
    whose = {"one person": lambda row: f"{row['label']} {row['path'][-7:-4]}", "several people": _scene}[scenes_of]
    catalog = pa.Table.from_pylist([{**row, "group": whose(row)} for row in catalog.to_pylist()], schema=CATALOG)
    scene = {row["photo_key"]: row["group"] for row in catalog.to_pylist()}
    splits = splits_of(catalog, faces, protocol).table.to_pylist()
    sides: defaultdict[tuple[int, int, str], set[str]] = defaultdict(set)
    trained: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    tested: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    for each in splits:
        place = each["repeat"], each["fold"]
        sides[*place, scene[each["photo_key"]]].add(each["role"])
        {"train": trained, "test": tested}.get(each["role"], defaultdict(set))[place].add(each["label"])
    assert all(found == {"train"} for found in sides.values() if "train" in found)
    assert all(tested[place] <= trained[place] for place in tested)
    assert {each["label"] for each in splits if each["role"] == "test"} == {f"p{i}" for i in range(6)}


def _scene(row: dict[str, object]) -> str:
    """Twelve scenes, in each of which three of the six people are seen."""
    path = str(row["path"])
    return f"scene {int(path[-7:-4]) % 6} {int(path[1]) % 2}"


def test_a_group_joins_the_near_duplicates_of_its_photos_and_one_group_is_not_enough() -> None:
    catalog, faces = tables({"ann": 8, "bob": 8, "cid": 8})
    rows = faces.to_pylist()
    rows[5]["crop"] = rows[0]["crop"]
    told = {"ann-000": "day 1", "ann-001": "day 1", **{f"cid-{i:03}": "day 2" for i in range(8)}}
    catalog = pa.Table.from_pylist(
        [{**row, "group": told.get(row["photo_key"])} for row in catalog.to_pylist()], schema=CATALOG
    )
    splits = splits_of(catalog, pa.Table.from_pylist(rows, schema=FACES), Protocol(kind="kfold", folds=3))
    groups = {each["photo_key"]: each["group"] for each in splits.table.to_pylist()}
    assert groups["ann-000"] == groups["ann-001"] == groups["ann-005"] != groups["ann-002"]
    assert [dict(each) for each in splits.left_out] == [{"reason": "one_group", "label": "cid", "groups": 1}]


def test_people_who_are_all_in_one_group_are_named_as_the_reason() -> None:
    catalog, faces = tables({"ann": 8, "bob": 8})
    catalog = pa.Table.from_pylist([{**row, "group": "film"} for row in catalog.to_pylist()], schema=CATALOG)
    with pytest.raises(DatasetError, match=r"Only 0 people .* those of 2 others are all in one group"):
        splits_of(catalog, faces, Protocol())


def roles_by_split(splits: Splits) -> dict[tuple[int, int], dict[str, set[str]]]:
    """By repeat and fold, the roles of each person's faces."""
    found: defaultdict[tuple[int, int], defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in splits.table.to_pylist():
        found[each["repeat"], each["fold"]][each["label"]].add(each["role"])
    return {place: dict(people) for place, people in found.items()}


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
    catalog, faces = tables(people)
    for made in (lambda: splits_of(catalog, faces, protocol), lambda: check_splittable(catalog, protocol)):
        with pytest.raises(DatasetError, match=message) as caught:
            made()
        assert "protocol." in str(caught.value)


@pytest.mark.parametrize(
    "protocol",
    [
        Protocol(),
        Protocol(kind="kfold", folds=4),
        Protocol(kind="k-shot", shots=(1, 2, 16)),
        Protocol(unknown_share=0.3),
    ],
)
def test_what_can_be_split_is_found_splittable_before_the_encoding(protocol: Protocol) -> None:
    catalog, faces = tables({"ann": 9, "bob": 5, "cid": 4, "dan": 4, "eve": 2})
    check_splittable(catalog, protocol)
    assert splits_of(catalog, faces, protocol).table.num_rows > 0


def test_who_has_too_few_photos_is_named_before_the_encoding() -> None:
    catalog, _ = tables({"ann": 9, "bob": 3, "cid": 1})
    with pytest.raises(DatasetError, match=r"Only 1 people have 4 different photos; too few: bob \(3\), cid \(1\)\."):
        check_splittable(catalog, Protocol())
