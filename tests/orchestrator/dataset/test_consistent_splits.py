"""The policy `consistent`: training photos choose among their faces by each other, and no test photo has a say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.dataset.splits import make_splits
from storage.experiments import Protocol
from storage.schemas import CATALOG, FACES
from tests.orchestrator.dataset.test_splits import crop, row
from tests.table_pictures import TablePictures
from workers.faces.detect.select_faces import CENTRAL, ONLY
from workers.learning.face_chooser import CONSISTENT

PEOPLE = ("ann", "bob", "cid", "dan", "eve")
PHOTOS = 8
CROWDED = range(0, PHOTOS, 3)
"""Of each person's photos, those in which a stranger is the central face and the person stands beside."""

PROTOCOLS = {
    "holdout": Protocol(),
    "kfold": Protocol(kind="kfold", folds=4, repeats=2, near_duplicates="report"),
    "k-shot": Protocol(kind="k-shot", shots=(1, 2, 4)),
    "strangers": Protocol(kind="kfold", folds=4, unknown_share=0.3, near_duplicates="report"),
}

Rows = list[dict[str, Any]]


def face(key: str, index: int, measured: np.ndarray) -> dict[str, object]:
    seed = int.from_bytes(f"{key} {index}".encode(), "big") % 2**32
    return row(FACES, photo_key=key, face_index=index, crop=crop(seed), embedding=measured.tolist())


def near(name: str, seed: int) -> np.ndarray:
    """A face of that person."""
    centre = np.random.default_rng(sum(map(ord, name))).normal(0, 0.2, 128)
    return np.asarray(centre + np.random.default_rng(seed).normal(0, 0.02, 128), np.float32)


@pytest.fixture(scope="module")
def photos() -> dict[str, Rows]:
    """The faces of each photo."""
    made = {}
    for person in PEOPLE:
        for number in range(PHOTOS):
            key = f"{person}-{number}"
            shown = [near(person, number)]
            if number in CROWDED:
                shown.insert(0, near(f"stranger {key}", number))
            made[key] = [face(key, index, measured) for index, measured in enumerate(shown)]
    return made


def split(photos: dict[str, Rows], protocol: Protocol) -> Rows:
    catalog = [row(CATALOG, photo_key=key, path=f"{key}.jpg", label=key.split("-")[0]) for key in photos]
    faces = pa.Table.from_pylist([each for rows in photos.values() for each in rows], schema=FACES)
    rows: Rows = make_splits(
        pa.Table.from_pylist(catalog, schema=CATALOG), faces, protocol, TablePictures(faces), "consistent"
    ).table.to_pylist()
    return rows


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_what_trains_is_the_person_and_what_tests_is_the_central_face(photos: dict[str, Rows], kind: str) -> None:
    rows = split(photos, PROTOCOLS[kind])
    assert len({(each["repeat"], each["fold"], each["photo_key"]) for each in rows}) == len(rows)
    for each in rows:
        is_crowded = len(photos[each["photo_key"]]) == 2
        alone = kind == "k-shot" and each["fold"] == 0  # one photo a person: nobody vouches
        if not is_crowded:
            assert (each["face_index"], each["chosen"]) == (0, ONLY)
        elif each["role"] == "train" and not alone:
            assert (each["face_index"], each["chosen"]) == (1, CONSISTENT)
        else:
            assert (each["face_index"], each["chosen"]) == (0, CENTRAL)


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_no_choice_follows_from_a_photo_that_does_not_train(photos: dict[str, Rows], kind: str) -> None:
    """Each photo in turn shows other people: what does not train on it stays as it was, to the last row."""
    protocol = PROTOCOLS[kind]
    before = split(photos, protocol)
    for key in ("ann-0", "ann-1", "bob-3"):
        own = key.split("-")[0]
        for crowd in ([near("stranger", 1), near(own, 99)], [near("bob", 98), near("ann", 97), near("cid", 96)]):
            after = split({**photos, key: [face(key, index, each) for index, each in enumerate(crowd)]}, protocol)
            mine = [each for each in before if each["photo_key"] == key]
            trains = {(each["repeat"], each["fold"]) for each in mine if each["role"] == "train"}
            for old, new in zip(before, after, strict=True):
                outside = (old["repeat"], old["fold"]) not in trains
                assert not outside or old == new or old["photo_key"] == key
                assert not outside or old["photo_key"] != key or new["face_index"] == 0


def test_under_other_policies_the_column_says_nothing(photos: dict[str, Rows]) -> None:
    catalog = [row(CATALOG, photo_key=key, path=f"{key}.jpg", label=key.split("-")[0]) for key in photos]
    faces = pa.Table.from_pylist([rows[0] for rows in photos.values()], schema=FACES)
    table = make_splits(pa.Table.from_pylist(catalog, schema=CATALOG), faces, Protocol(), TablePictures(faces)).table
    assert set(table["chosen"].to_pylist()) == {None}
