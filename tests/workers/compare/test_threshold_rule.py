"""The threshold of hand-made distances."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.encoder_scale import EncoderScale
from workers.compare.threshold_rule import Distances, balanced_threshold, unknown_above

DATA_ALONE = EncoderScale(prior=0.0, weight=0, centre=0.5, width=0.1)
DRAWN = EncoderScale(prior=0.56, weight=6, centre=0.56, width=0.03)


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


def test_few_people_are_drawn_towards_the_encoders_own_and_many_are_not() -> None:
    known, strangers = distances(ada=[0.1], bo=[0.1]), distances(ada=[0.5], bo=[0.5])
    assert unknown_above(known, strangers, DATA_ALONE) == pytest.approx(0.3)
    assert unknown_above(known, strangers, DRAWN) == pytest.approx((2 * 0.3 + 6 * 0.56) / 8)
    crowd = {f"p{i}": [0.1] for i in range(594)}
    assert unknown_above(distances(**crowd), strangers, DRAWN) == pytest.approx((594 * 0.3 + 6 * 0.56) / 600)


def test_without_data_it_is_the_encoders_own_or_nothing() -> None:
    assert unknown_above(distances(), distances(), DRAWN) == 0.56
    assert unknown_above(distances(ada=[0.1]), distances(), DATA_ALONE) is None
