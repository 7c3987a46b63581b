"""Of several faces in a training photo, the one that recurs in the person's other training photos."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from workers.faces.detect.select_faces import CENTRAL, ONLY
from workers.learning.face_chooser import CONSISTENT, MARGIN, ChosenFace, FaceChooser, related_photos

ANN, BOB, EVE = np.eye(3)
"""Where three people's faces lie."""

Faces = dict[str, list[np.ndarray]]
"""The faces of each photo, the central one first."""


def near(person: np.ndarray, seed: int) -> np.ndarray:
    """A face of that person, 0.1 away."""
    step = np.random.default_rng(seed).standard_normal(3)
    return np.asarray(person + 0.1 * step / np.linalg.norm(step))


def chooser_of_photos(photos: Faces, related: dict[str, set[str]] | None = None) -> FaceChooser:
    rows = [(key, index, face) for key, faces in photos.items() for index, face in enumerate(faces)]
    keys, indices, embedding = zip(*rows, strict=True)
    return FaceChooser(keys, indices, np.asarray(embedding, np.float32), related or {})


def album(bystanders: dict[int, np.ndarray], count: int = 6) -> Faces:
    """Photos of Ann; in some a bystander is the central face, and she stands beside."""
    photos = {f"{n}": [near(ANN, n)] for n in range(count)}
    for n, bystander in bystanders.items():
        photos[f"{n}"] = [bystander, near(ANN, n)]
    return photos


def test_the_face_that_recurs_is_taken_though_another_is_central() -> None:
    photos = album({1: near(BOB, 50), 4: near(EVE, 51)})
    chosen = chooser_of_photos(photos).choose(dict.fromkeys(photos, "ann"))
    assert chosen["1"] == chosen["4"] == ChosenFace(1, CONSISTENT)
    assert {chosen[key] for key in "0235"} == {ChosenFace(0, ONLY)}


def test_a_bystander_who_stands_in_half_of_the_photos_is_not_the_person() -> None:
    photos = album({n: near(BOB, 50 + n) for n in range(3)})
    chosen = chooser_of_photos(photos).choose(dict.fromkeys(photos, "ann"))
    assert [chosen[f"{n}"].face_index for n in range(6)] == [1, 1, 1, 0, 0, 0]


def test_related_photos_do_not_vouch_for_each_other() -> None:
    """The same scene twice: its bystander agrees with himself as well as the person does."""
    photos = album({0: BOB, 1: BOB}, count=3)
    photos["0"][1] = photos["1"][1] = ANN + 0.5 * EVE  # she looks aside
    labels = dict.fromkeys(photos, "ann")
    related = related_photos([("0", "1")], {})
    assert chooser_of_photos(photos, related).choose(labels)["0"] == ChosenFace(1, CONSISTENT)
    scenes = related_photos([], {"0": "film", "1": "film"})
    assert scenes == related == {"0": {"1"}, "1": {"0"}}
    alone = {key: photos[key] for key in "01"}
    found = chooser_of_photos(alone, related).choose(dict.fromkeys(alone, "ann"))
    assert found["0"] == ChosenFace(0, CENTRAL), "nobody vouches"


def test_a_near_duplicate_of_a_near_duplicate_is_not_related() -> None:
    assert related_photos([("a", "b"), ("b", "c")], {}) == {"a": {"b"}, "b": {"a", "c"}, "c": {"b"}}


def test_within_the_margin_the_central_face_stays() -> None:
    for gap, why in ((MARGIN * 0.9, CENTRAL), (MARGIN * 1.1, CONSISTENT)):
        photos = {"0": [ANN + (1 + gap) * EVE, ANN - EVE], "1": [ANN], "2": [ANN]}
        chosen = chooser_of_photos(photos).choose(dict.fromkeys(photos, "ann"))["0"]
        assert chosen == ChosenFace(int(why == CONSISTENT), why)


def test_only_the_photos_that_train_are_asked() -> None:
    """Whatever is not among them may be anything: no choice changes."""
    photos = album({1: near(BOB, 50), 4: near(EVE, 51)})
    trained = dict.fromkeys("01234", "ann")
    before = chooser_of_photos(photos).choose(trained)
    for other in (BOB, EVE, ANN):
        assert chooser_of_photos({**photos, "5": [other, near(BOB, 9)], "6": [other]}).choose(trained) == before


def test_a_photo_outside_the_training_keeps_its_central_face_whatever_its_label() -> None:
    chooser = chooser_of_photos(album({1: near(BOB, 50)}))
    assert chooser.outside_training("1") == ChosenFace(0, CENTRAL)
    assert chooser.outside_training("0") == ChosenFace(0, ONLY)


@pytest.mark.parametrize("order", list(itertools.permutations("01234"))[::17])
def test_the_order_of_the_photos_does_not_matter(order: tuple[str, ...]) -> None:
    photos = album({1: near(BOB, 50), 4: near(EVE, 51)}, count=5)
    labels = dict.fromkeys(photos, "ann")
    shuffled = chooser_of_photos({key: photos[key] for key in order}).choose({key: labels[key] for key in order})
    assert shuffled == chooser_of_photos(photos).choose(labels)
