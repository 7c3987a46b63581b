"""The faces that a run's model knows, from the columns of its splits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from storage.schemas import SPLITS
from workers.jobs.known_faces import known_and_strangers, known_people
from workers.learning.face_chooser import FaceChooser
from workers.learning.split_rows import COLUMNS


def splits(*rows: tuple[int, str, int, str, str]) -> pa.Table:
    """SPLITS of (fold, photo, face, label, role); a row's group is its number."""
    columns = ("fold", "photo_key", "face_index", "label", "role")
    found = [{"repeat": 0, "group": n, **dict(zip(columns, row, strict=True))} for n, row in enumerate(rows)]
    return pa.Table.from_pylist(found, schema=SPLITS).select(COLUMNS)


def test_each_face_counts_once_with_its_first_row_sorted_by_photo_and_face() -> None:
    table = splits((0, "b", 0, "ada", "train"), (0, "a", 1, "ben", "test"), (0, "a", 0, "ben", "train"),
                   (1, "a", 1, "ben", "train"), (1, "b", 0, "ada", "test"))  # fmt: skip
    known, strangers = known_and_strangers(table)
    assert [(row["photo_key"], row["face_index"], row["label"], row["group"]) for row in known] == [
        ("a", 0, "ben", 2), ("a", 1, "ben", 1), ("b", 0, "ada", 0),
    ]  # fmt: skip
    assert list(strangers) == []


def test_strangers_are_those_who_calibrate_and_are_never_known() -> None:
    table = splits((0, "a", 0, "ada", "train"), (0, "z", 0, "zoe", "calibrate"), (1, "a", 0, "ada", "calibrate"),
                   (1, "z", 0, "zoe", "calibrate"), (1, "u", 0, "una", "unknown"))  # fmt: skip
    known, strangers = known_and_strangers(table)
    assert known.words("label") == ["ada"]
    assert [(row["photo_key"], row["fold"]) for row in strangers] == [("z", 0)]
    assert known_people(table) == {"ada"}


def test_no_face_is_none_known() -> None:
    known, strangers = known_and_strangers(splits())
    assert (len(known), len(strangers), known_people(splits())) == (0, 0, set())


@pytest.mark.parametrize("near", [0, 1])
def test_a_chooser_gives_each_photo_one_face(near: int) -> None:
    table = splits((0, "a", 0, "ada", "train"), (0, "a", 1, "ada", "test"), (0, "b", 0, "ada", "train"))
    apart = {0: [[0.0], [9.0], [0.0]], 1: [[9.0], [0.0], [0.0]]}
    chooser = FaceChooser(["a", "a", "b"], [0, 1, 0], np.asarray(apart[near], np.float32), {})
    known, _ = known_and_strangers(table, chooser)
    assert list(zip(known.words("photo_key"), known.numbers("face_index"), strict=True)) == [("a", near), ("b", 0)]
