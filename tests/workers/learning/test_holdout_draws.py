"""The hold-out drawn again."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

from storage.experiments import Protocol
from workers.learning.configurations import find_configuration
from workers.learning.face_arrays import Faces
from workers.learning.face_chooser import FaceChooser
from workers.learning.holdout_draws import MOST_FACES, draw_accuracies, holdout_groups, redraws


def test_the_same_draw_is_made_as_for_the_splits() -> None:
    from sklearn.model_selection import train_test_split

    groups, people = list(range(20)), ["ann"] * 12 + ["bob"] * 8
    _, expected = train_test_split(groups, test_size=0.3, stratify=people, random_state=7)
    assert holdout_groups([*groups, 3], [*people, "ann"], 0.3, 7) == set(expected)


def test_a_group_of_several_people_tests_or_trains_as_a_whole_and_everybody_is_on_both_sides() -> None:
    groups, people = [i // 2 for i in range(24)], ["ann", "bob", "cid", "ann"] * 6
    tested = holdout_groups(groups, people, 0.3, 1)
    sides: defaultdict[str, set[bool]] = defaultdict(set)
    for group, person in zip(groups, people, strict=True):
        sides[person].add(group in tested)
    assert all(len(both) == 2 for both in sides.values())
    assert 0.2 < Counter(group in tested for group in groups)[True] / 24 < 0.45


@pytest.mark.parametrize(
    ("name", "protocol", "faces", "count"),
    [
        ("knn-1", Protocol(), 100, 19),
        ("knn-1", Protocol(draws=1), 100, 0),
        ("knn-1", Protocol(), MOST_FACES + 1, 0),
        ("knn-1", Protocol(repeats=2), 100, 0),
        ("knn-1", Protocol(kind="kfold"), 100, 0),
        ("dense", Protocol(), 100, 0),
        ("cnn-small-crop", Protocol(), 100, 0),
    ],
)
def test_what_is_cheap_is_drawn_again_and_networks_are_not(
    name: str, protocol: Protocol, faces: int, count: int
) -> None:
    assert len(redraws(find_configuration(name), protocol, faces)) == count


def test_each_draw_has_its_accuracy_and_the_same_ones_again() -> None:
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = [
        {"photo_key": f"{who}{i}", "face_index": 0, "label": who, "group": 10 * who + i, "role": "train"}
        for who in range(3)
        for i in range(10)
    ]
    near = np.asarray([np.eye(128)[row["label"]] for row in rows]) + rng.normal(0, 0.35, (30, 128))
    faces = Faces(tuple(row["photo_key"] for row in rows), np.zeros(30, np.int16), near.astype(np.float32), {})
    rows = [{**row, "label": f"p{row['label']}"} for row in rows] + [{**rows[0], "label": "far", "role": "unknown"}]
    found = draw_accuracies(find_configuration("knn-1"), faces, rows, Protocol(draws=5), seed=1)
    assert len(found) == 4
    assert all(share is not None and share * 9 == pytest.approx(round(share * 9)) for share in found)
    assert found == draw_accuracies(find_configuration("knn-1"), faces, rows, Protocol(draws=5), seed=1)


def test_a_draw_that_the_known_people_are_too_poor_for_is_null() -> None:
    """The run's own draw had the strangers' photos too; of 10 people with 3 photos, 30 % are 9 photos."""
    rows = [
        {"photo_key": f"{who}-{i}", "face_index": 0, "label": f"p{who}", "group": 3 * who + i, "role": "train"}
        for who in range(10)
        for i in range(3)
    ]
    points = np.random.default_rng(0).normal(size=(30, 128)).astype(np.float32)
    faces = Faces(tuple(str(row["photo_key"]) for row in rows), np.zeros(30, np.int16), points, {})
    assert draw_accuracies(find_configuration("knn-1"), faces, rows, Protocol(draws=3), seed=1) == [None, None]


def test_a_draw_chooses_among_faces_where_it_trains_and_takes_the_central_one_where_it_tests() -> None:
    """In every second photo a stranger is the central face: no test photo gets the person's face for its label."""
    people = np.eye(128, dtype=np.float32)
    keys: list[str] = []
    indices: list[int] = []
    points, rows = [], []
    for who in range(3):
        for i in range(10):
            key = f"{who}-{i}"
            shown = [people[who]] if i % 2 else [people[3 + 10 * who + i], people[who]]
            keys += [key] * len(shown)
            indices += range(len(shown))
            points += shown
            rows.append({"photo_key": key, "face_index": 0, "label": f"p{who}", "group": 10 * who + i, "role": "train"})
    faces = Faces(tuple(keys), np.asarray(indices, np.int16), np.asarray(points), {})
    chooser = FaceChooser(keys, indices, faces.embedding, {})
    settings = find_configuration("nearest-centroid"), faces, rows, Protocol(draws=9), 1
    plain, chosen = draw_accuracies(*settings), draw_accuracies(*settings, chooser)
    shares = [share for share in chosen if share is not None]
    assert len(shares) == 8
    assert max(shares) < 1, "a stranger was tested in every draw"
    assert np.mean(shares) >= np.mean([share for share in plain if share is not None])
