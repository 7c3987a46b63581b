"""People are found without labels: few or many faces, close together or varied, and strangers stay alone."""

from __future__ import annotations

import numpy as np
import pytest

from storage.errors import InputError
from workers.compare.encoder_scale import EncoderScale
from workers.learning.arrays import Array, Floats
from workers.recognition import group_faces as module
from workers.recognition.group_faces import LEFT_OVER, group_faces

SCALE = EncoderScale(prior=1.0, weight=6, centre=1.0, width=0.05)
SIZE = 64


def people(faces: list[int], spread: float = 0.8, apart: float = 1.6, seed: int = 0) -> tuple[Floats, Array]:
    """Faces of people whose mean squared distances are `spread` within, and that and `apart` between."""
    drawn = np.random.default_rng(seed)
    centres = drawn.normal(0, np.sqrt(apart / (2 * SIZE)), (len(faces), SIZE))
    who = np.repeat(np.arange(len(faces)), faces)
    return (centres[who] + drawn.normal(0, np.sqrt(spread / (2 * SIZE)), (len(who), SIZE))).astype(np.float32), who


def same_people(groups: Array, who: Array) -> bool:
    """Whether two faces are in one group exactly where they are of one person; nobody is left over."""
    together = groups[:, None] == groups[None]
    return bool((groups != LEFT_OVER).all() and np.array_equal(together, who[:, None] == who[None]))


@pytest.mark.parametrize("faces", [[5, 5], [40, 3, 12, 2], [10] * 20, [60]])
def test_people_are_found_whatever_the_number_of_their_faces(faces: list[int]) -> None:
    embedding, who = people(faces, spread=0.6)
    assert same_people(group_faces(embedding, SCALE), who)


def test_a_person_who_varies_is_one_beside_one_who_does_not() -> None:
    varied, _ = people([40], spread=1.1, seed=1)
    still, _ = people([40], spread=0.2, seed=2)
    found = group_faces(np.concatenate([varied, still]), SCALE)
    assert same_people(found, np.repeat([0, 1], 40))


def test_groups_are_numbered_by_falling_size() -> None:
    embedding, who = people([3, 9, 6], spread=0.4)
    assert [who[group_faces(embedding, SCALE) == group][0] for group in range(3)] == [1, 2, 0]


def test_strangers_are_left_over() -> None:
    embedding, _ = people([1] * 30 + [8, 8])
    found = group_faces(embedding, SCALE)
    assert (found[:30] == LEFT_OVER).all()
    assert set(found[30:]) == {0, 1}


def test_the_order_of_the_faces_changes_no_group() -> None:
    embedding, _ = people([6, 4, 9, 2, 1])
    order = np.random.default_rng(1).permutation(len(embedding))
    first, second = group_faces(embedding, SCALE)[order], group_faces(embedding[order], SCALE)
    assert np.array_equal(first[:, None] == first, second[:, None] == second)


def test_a_face_that_is_left_over_joins_the_group_that_is_clearly_the_nearest() -> None:
    line = np.array([*[[0.0]] * 6, [1.03], *[[4.0]] * 6], np.float32)
    assert group_faces(line, SCALE).tolist() == [0] * 7 + [1] * 6


def test_a_face_between_two_groups_joins_none() -> None:
    line = np.array([*[[0.0]] * 6, [1.0], *[[2.01]] * 6], np.float32)
    assert group_faces(line, SCALE).tolist() == [0] * 6 + [LEFT_OVER] + [1] * 6


def test_half_the_looseness_is_right_for_faces_at_half_the_distances() -> None:
    embedding, who = people([8, 8, 8], spread=0.6)
    assert same_people(group_faces((embedding / 2).astype(np.float32), SCALE, looseness=0.5), who)


def test_smaller_groups_than_asked_for_are_left_over() -> None:
    embedding, who = people([3, 6], spread=0.4)
    assert set(group_faces(embedding, SCALE, least=4)[who == 0]) == {LEFT_OVER}


@pytest.mark.parametrize("faces", [0, 1])
def test_none_and_one_are_no_group(faces: int) -> None:
    assert group_faces(np.zeros((faces, SIZE), np.float32), SCALE).tolist() == [LEFT_OVER] * faces


def test_more_faces_than_memory_has_room_for_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FACES", 5)
    with pytest.raises(InputError, match="6 faces are too many"):
        group_faces(np.zeros((6, SIZE), np.float32), SCALE)
