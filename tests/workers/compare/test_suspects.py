"""Suspected label errors: planted ones are found, clean sets give few rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from storage.engine_settings import EngineSettings
from storage.finding_schemas import SUSPECTS
from storage.parts import table_of
from storage.schemas import FACES
from workers.compare import suspects
from workers.compare.suspects import Key, find_suspects, suspects_table
from workers.faces.engine import load_engine
from workers.faces.records import face_rows
from workers.learning.face_arrays import Faces
from workers.synthetic.photo_folder import write_folder

PLANTED, LOOKED_AT, FOUND = 6, 8, 5
"""Of six wrong labels at least five stand in the first eight rows."""


def embedded(folder: Path) -> tuple[Faces, list[str]]:
    """The faces of a folder of people, and whose they are; equal photos once."""
    photos = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.glob("*/*"))}
    files = [(key, path.read_bytes()) for key, path in photos.items()]
    results = load_engine(EngineSettings()).encode_photos(files, lambda _: None)
    faces = Faces.from_table(table_of([row for result in results for row in face_rows(result)], FACES))
    return faces, [photos[key].parent.name for key in faces.keys]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Faces, list[str]]:
    folder = tmp_path_factory.mktemp("drawn")
    write_folder(folder, people=6, photos=14, seed=4, side=160, processes=1)
    return embedded(folder)


def keys_of(faces: Faces) -> list[Key]:
    return list(zip(faces.keys, faces.face_index.tolist(), strict=True))


def planted(labels: Sequence[str], seed: int) -> tuple[list[str], set[int]]:
    """Labels of which some are wrong: anyone's in odd draws, and in even ones all of one person under one other."""
    rng, people = np.random.default_rng(seed), sorted(set(labels))
    wrong = list(labels)
    if seed % 2:
        rows = rng.choice(len(labels), PLANTED, replace=False).tolist()
        for row in rows:
            wrong[row] = str(rng.choice([name for name in people if name != labels[row]]))
        return wrong, set(rows)
    whose, under = (str(name) for name in rng.choice(people, 2, replace=False))
    rows = rng.choice([row for row, label in enumerate(labels) if label == whose], PLANTED, replace=False).tolist()
    for row in rows:
        wrong[row] = under
    return wrong, set(rows)


def counts_in_the_first_rows(faces: Faces, labels: Sequence[str], draws: int) -> list[int]:
    found = []
    for seed in range(draws):
        wrong, rows = planted(labels, seed)
        first = find_suspects(faces.embedding, keys_of(faces), wrong)[:LOOKED_AT]
        found.append(len(rows & {each.row for each in first}))
    return found


def test_planted_errors_of_drawn_people_are_in_the_first_rows(drawn: tuple[Faces, list[str]]) -> None:
    faces, labels = drawn
    assert min(counts_in_the_first_rows(faces, labels, draws=20)) >= FOUND


def test_drawn_people_with_right_labels_give_hardly_a_row(drawn: tuple[Faces, list[str]]) -> None:
    faces, labels = drawn
    found = find_suspects(faces.embedding, keys_of(faces), labels)
    assert len(found) <= 1
    assert all(each.margin < 0.01 for each in found)


def test_planted_errors_of_real_people_are_in_the_first_rows(shared_data: Path) -> None:
    faces, labels = embedded(shared_data / "jurassic-park")
    found = find_suspects(faces.embedding, keys_of(faces), labels)
    # two full profiles, beyond the threshold from everybody; engine version 6 measures them nearer to another person
    assert len(found) <= 2
    assert all(each.margin < 0.03 and each.other > suspects.STRANGER_DISTANCE for each in found)
    assert min(counts_in_the_first_rows(faces, labels, draws=20)) >= FOUND


def clouds(people: int = 3, faces: int = 8, seed: int = 0) -> tuple[npt.NDArray[np.float64], list[Key], list[str]]:
    """Faces of people who are 1 apart, each about 0.3 from their own others."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(np.eye(people, 128) / np.sqrt(2), faces, axis=0)
    labels = [f"p{person}" for person in range(people) for _ in range(faces)]
    points = centres + rng.normal(0, 0.3 / np.sqrt(2 * 128), centres.shape)
    return points, [(f"{row:03}", 0) for row in range(len(labels))], labels


def test_the_suggested_person_and_the_nearest_faces_of_both_are_told() -> None:
    points, keys, labels = clouds()
    labels[0] = "p1"
    (found,) = find_suspects(points, keys, labels)
    assert (found.row, found.suggested) == (0, "p0")
    assert found.margin == pytest.approx(found.own - found.other)
    assert found.margin > 0.5
    assert {labels[row] for row in found.nearest_own} == {"p1"}
    assert {labels[row] for row in found.nearest_other} == {"p0"}
    assert 0 not in found.nearest_own
    distances = [np.linalg.norm(points[0] - points[row]) for row in found.nearest_other]
    assert distances == sorted(distances)
    assert len(distances) == suspects.NEIGHBOURS


def test_a_wrong_photo_is_not_vouched_for_by_its_near_duplicates() -> None:
    points, keys, labels = clouds(faces=4)
    points[1] = points[0] + 1e-3
    points[2] = points[0] - 1e-3
    labels[0] = labels[1] = labels[2] = "p1"  # three frames of one scene, in the wrong folder with four right photos
    points = np.vstack([points, points[3] + 0.01, points[3] - 0.01])
    keys, labels = [*keys, ("900", 0), ("901", 0)], [*labels, "p0", "p0"]
    pairs = [(keys[0], keys[1]), (keys[0], keys[2]), (keys[1], keys[2])]
    assert {each.row for each in find_suspects(points, keys, labels, pairs)} >= {0, 1, 2}


def test_faces_of_one_photo_do_not_vouch_for_each_other() -> None:
    points, keys, labels = clouds(faces=4)
    points[1] = points[0]
    keys[1] = (keys[0][0], 1)
    labels[0] = labels[1] = "p1"
    assert {each.row for each in find_suspects(points, keys, labels)} >= {0, 1}


def test_one_of_two_photos_accuses_nobody() -> None:
    points, keys, labels = clouds(faces=2)
    labels[0], labels[2] = labels[2], labels[0]
    assert find_suspects(points, keys, labels) == []


def test_fewer_than_two_people_or_no_face_have_no_suspect() -> None:
    points, keys, labels = clouds(people=1)
    assert find_suspects(points, keys, labels) == []
    assert find_suspects(np.zeros((0, 128)), [], []) == []


def test_the_same_rows_are_found_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    points, keys, labels = clouds(people=20)
    for row in (0, 9, 50):
        labels[row] = "p7"
    at_once = find_suspects(points, keys, labels)
    monkeypatch.setattr(suspects, "BLOCK", 50)
    assert find_suspects(points, keys, labels) == at_once
    assert {each.row for each in at_once} == {0, 9, 50}


def test_the_table_says_in_words_why() -> None:
    points, keys, labels = clouds()
    labels[0] = "p1"
    found = find_suspects(points, keys, labels)
    table = suspects_table(found, keys, labels, {key: f"somewhere/{key}.jpg" for key, _ in keys})
    assert table.schema == SUSPECTS
    (row,) = table.to_pylist()
    assert (row["rank"], row["path"], row["label"], row["suggested"]) == (1, "somewhere/000.jpg", "p1", "p0")
    assert row["reason"].startswith("like the photos of p0 rather than those of p1 (")
    assert len(row["nearest_own"]) == len(row["nearest_own_face"]) == suspects.NEIGHBOURS


def test_a_face_that_is_like_nobody_is_not_said_to_be_the_suggested_person() -> None:
    points, keys, labels = clouds()
    points[0] = 0.55 * np.ones(128) / np.sqrt(128) + 0.4 * np.eye(1, 128, 1)[0]
    (found,) = find_suspects(points, keys, labels)
    assert found.other > suspects.STRANGER_DISTANCE
    assert suspects.reason_of(found, "p0").startswith("unlike the other photos of p0 and not like p1 either")
