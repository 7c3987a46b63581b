"""The threshold of hand-made distances."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.encoder_scale import EncoderScale
from workers.compare.threshold_rule import Distances, balanced_error, balanced_threshold, unknown_above

DATA_ALONE = EncoderScale(prior=0.0, weight=0, centre=0.5, width=0.1)
PHOTOS = EncoderScale(prior=0.56, weight=6, centre=0.56, width=0.03)


def distances(**of_person: list[float]) -> Distances:
    """Each distance is another face."""
    values = [value for own in of_person.values() for value in own]
    people = [int.from_bytes(who.encode()) for who, own in of_person.items() for _ in own]
    return Distances(np.asarray(values), np.asarray(people, np.intp), np.arange(len(values)))


def test_between_known_faces_and_strangers_it_is_the_middle() -> None:
    assert balanced_threshold(distances(ada=[0.1, 0.3]), distances(ada=[0.7, 0.9])) == pytest.approx(0.5)


def test_the_errors_of_both_kinds_sum_to_the_least() -> None:
    known, strangers = distances(ada=[0.1, 0.2, 0.3, 0.8]), distances(ada=[0.7, 0.75, 0.77, 0.9])
    assert balanced_threshold(known, strangers) == pytest.approx(0.5)  # 1 of 4 turned away, none let in


def test_people_count_equally_whatever_the_number_of_their_faces() -> None:
    """Of ada's 8 faces 2 lie among the strangers, of bo's 2 faces 1: bo's face weighs more than both of ada's."""
    known = distances(ada=[0.1] * 6 + [0.5] * 2, bo=[0.1, 0.61])
    strangers = distances(cy=[0.6, 0.7, 0.7, 0.7, 0.7])
    assert 0.61 < balanced_threshold(known, strangers) < 0.7


def test_a_face_that_was_tested_twice_weighs_as_much_as_one_tested_once() -> None:
    twice = Distances(np.array([0.1, 0.2, 0.4]), np.array([7, 7, 7]), np.array([0, 0, 1]))
    assert twice.weights().tolist() == [0.25, 0.25, 0.5]


def test_the_wider_of_two_equal_gaps_is_taken() -> None:
    known, strangers = distances(ada=[0.1, 0.35]), distances(ada=[0.3, 0.9])
    assert balanced_threshold(known, strangers) == pytest.approx((0.35 + 0.9) / 2)


def test_few_people_are_averaged_with_the_encoders_own_and_many_hardly_so() -> None:
    known, strangers = distances(ada=[0.4], bo=[0.4]), distances(ada=[0.6], bo=[0.6])
    assert limit_of(known, strangers, DATA_ALONE) == pytest.approx(0.5)
    assert limit_of(known, strangers, PHOTOS) == pytest.approx((2 * 0.5 + 6 * 0.56) / 8)
    crowd = {f"p{i}": [0.4] for i in range(594)}
    assert limit_of(distances(**crowd), strangers, PHOTOS) == pytest.approx((594 * 0.5 + 6 * 0.56) / 600)


def test_a_prior_that_does_not_fit_the_faces_is_left_out_and_the_words_say_so() -> None:
    """Drawn faces: at half the distances of photos, the encoder's usual threshold would let in every stranger."""
    found = unknown_above(distances(ada=[0.1], bo=[0.1]), distances(ada=[0.3], bo=[0.3]), PHOTOS)
    assert found is not None
    assert found.distance == pytest.approx(0.2)
    assert "does not fit these faces" in found.words
    fits = unknown_above(distances(ada=[0.4]), distances(ada=[0.6]), PHOTOS)
    assert fits is not None
    assert fits.words == "; averaged with the encoder's usual 50 %, which counts as 6 people"


def test_the_balanced_error_is_the_sum_of_both_shares() -> None:
    known, strangers = distances(ada=[0.1, 0.9], bo=[0.1, 0.1]), distances(cy=[0.4, 0.6])
    assert balanced_error(known, strangers, 0.5) == pytest.approx(0.25 + 0.5)


def test_without_data_it_is_the_encoders_own_or_nothing() -> None:
    assert limit_of(distances(), distances(), PHOTOS) == 0.56
    assert limit_of(distances(ada=[0.1]), distances(), DATA_ALONE) is None


def limit_of(known: Distances, strangers: Distances, scale: EncoderScale) -> float | None:
    found = unknown_above(known, strangers, scale)
    return found.distance if found else None
