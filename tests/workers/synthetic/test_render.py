"""Pictures of people: same numbers, same pixels; and face recognition takes them for people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from workers.synthetic.identity import draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene

PEOPLE, PHOTOS, SEED = 12, 5, 7

Crowd = list[tuple[int, np.ndarray]]
Found = list[tuple[int, np.ndarray, Any]]


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    """[(person, picture)] of 12 people, 5 photos each, at the benchmark's 250 pixels."""
    return [
        (person, render(draw_identity(SEED, person), draw_scene(SEED, person, photo), 250))
        for person in range(PEOPLE)
        for photo in range(PHOTOS)
    ]


@pytest.fixture(scope="module")
def found(crowd: Crowd) -> Found:
    """[(person, picture, dlib box)] of those in whom dlib's HOG finds a face, upsampling once at most."""
    import dlib

    detect = dlib.get_frontal_face_detector()
    boxes = [(person, picture, detect(picture, 0) or detect(picture, 1)) for person, picture in crowd]
    return [(person, picture, hits[0]) for person, picture, hits in boxes if hits]


def test_a_picture_is_rgb_bytes_of_the_side_asked_for() -> None:
    picture = render(draw_identity(1, 0), draw_scene(1, 0, 0), 100)
    assert picture.shape == (100, 100, 3)
    assert picture.dtype == np.uint8


def test_the_same_arguments_give_the_same_pixels() -> None:
    person, scene = draw_identity(1, 2), draw_scene(1, 2, 3)
    assert np.array_equal(render(person, scene, 96), render(person, scene, 96))


def test_two_photos_of_one_person_differ() -> None:
    person = draw_identity(1, 2)
    assert not np.array_equal(render(person, draw_scene(1, 2, 0), 96), render(person, draw_scene(1, 2, 1), 96))


def test_the_cheek_has_the_colour_of_the_skin_in_rgb_order() -> None:
    person = draw_identity(5, 0)
    scene = replace(draw_scene(5, 0, 0), yaw=0.0, roll=0.0, pitch=0.0, warmth=0.0, grain=0.0)
    cheek = render(person, scene, 128)[68:76, 48:54].reshape(-1, 3).mean(0)
    assert cheek[0] > cheek[1] > cheek[2]


def test_a_side_too_small_for_a_face_is_refused() -> None:
    with pytest.raises(ValueError, match="too small for a face"):
        render(draw_identity(1, 0), draw_scene(1, 0, 0), 16)


@pytest.mark.parametrize("yaw", [-0.45, 0.45])
@pytest.mark.parametrize("shift", [(-1.6, 0.0), (0.0, 1.6)])
def test_a_head_half_out_of_the_picture_is_drawn(yaw: float, shift: tuple[float, float]) -> None:
    picture = render(draw_identity(1, 0), replace(draw_scene(1, 0, 0), yaw=yaw, shift=shift), 64)
    assert picture.std() > 5


def test_dlib_finds_a_face_in_nearly_every_picture(crowd: Crowd, found: Found) -> None:
    assert len(found) / len(crowd) >= 0.98


def test_the_nearest_other_picture_by_dlib_is_of_the_same_person(found: Found) -> None:
    import dlib
    import face_recognition_models as models

    shape = dlib.shape_predictor(models.pose_predictor_model_location())
    network = dlib.face_recognition_model_v1(models.face_recognition_model_location())
    embeddings = np.array([network.compute_face_descriptor(rgb, shape(rgb, box)) for _, rgb, box in found])
    people = np.array([person for person, _, _ in found])
    distance = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert (people[distance.argmin(1)] == people).mean() >= 0.95
