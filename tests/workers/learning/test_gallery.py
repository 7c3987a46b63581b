"""How near a face is to a person's training faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers.learning.gallery import Gallery, gallery_of, load_gallery


@pytest.fixture
def gallery() -> Gallery:
    """Person 0 has faces at 0, 2 and 6 of a line, person 1 one face at 10; given in another order."""
    return gallery_of(np.array([[10.0], [2.0], [0.0], [6.0]], np.float32), np.array([1, 0, 0, 0]))


def test_the_two_nearest_faces_of_the_person_are_averaged(gallery: Gallery) -> None:
    assert gallery.distance(np.array([[0.0], [6.0]], np.float32), [0, 0]).tolist() == [1.0, 2.0]
    assert gallery.known_score(np.array([[0.0]], np.float32), [0]).tolist() == [-1.0]


def test_of_a_person_with_one_face_it_is_that_face(gallery: Gallery) -> None:
    assert gallery.distance(np.array([[0.0]], np.float32), [1]).tolist() == [10.0]


def test_the_nearest_alone_is_the_published_rules_distance(gallery: Gallery) -> None:
    assert gallery.distance(np.array([[5.0]], np.float32), [0], nearest=1).tolist() == [1.0]


def test_all_people_at_once_are_the_same_distances(gallery: Gallery) -> None:
    face = np.array([5.0], np.float32)
    assert gallery.distances_to_all(face).tolist() == gallery.distance(np.tile(face, (2, 1)), [0, 1]).tolist()


def test_a_face_has_the_same_bits_alone_and_among_others(gallery: Gallery) -> None:
    faces = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    together = gallery.distance(faces, [0] * 50)
    alone = np.concatenate([gallery.distance(face[None], [0]) for face in faces])
    assert together.tobytes() == alone.tobytes()


def test_it_comes_back_from_disk_as_it_went(gallery: Gallery, tmp_path: Path) -> None:
    gallery.save(tmp_path)
    again = load_gallery(tmp_path)
    assert np.array_equal(again.points, gallery.points)
    assert np.array_equal(again.starts, gallery.starts)
    assert again.nbytes == 4 * 4 + 3 * 8
