"""The policies that choose the faces of a photo."""

from __future__ import annotations

import pytest

from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.select_faces import centrality, select_faces, why_chosen
from workers.faces.refusal import Refusal

SMALL = Detection(Box(0, 0, 9, 9), 0.9, "hog")
LARGE = Detection(Box(50, 0, 89, 39), 0.6, "hog")
SIZE = (100, 100)
TWIN = Detection(Box(5, 60, 44, 99), 0.6, "hog")


def test_the_largest_face_counts_whatever_the_scores() -> None:
    assert select_faces([SMALL, LARGE], "largest", SIZE) == [LARGE]


def test_all_faces_are_sorted_by_falling_area() -> None:
    assert (
        select_faces([SMALL, LARGE, TWIN], "all", SIZE)
        == select_faces([TWIN, SMALL, LARGE], "all", SIZE)
        == [TWIN, LARGE, SMALL]
    )


def test_several_faces_are_refused_where_one_is_required() -> None:
    refusal = select_faces([SMALL, LARGE], "require-one", SIZE)
    assert isinstance(refusal, Refusal)
    assert refusal.outcome == "several_faces"
    assert "2 faces" in refusal.reason
    assert select_faces([SMALL], "require-one", SIZE) == [SMALL]


def test_no_face_is_refused_under_every_policy() -> None:
    for policy in ("largest", "central", "consistent", "require-one", "all"):
        refusal = select_faces([], policy, SIZE)
        assert isinstance(refusal, Refusal)
        assert refusal.outcome == "no_face"


def test_the_central_face_is_chosen_before_a_larger_one_at_the_edge() -> None:
    centred, bystander = Detection(Box(35, 35, 64, 64), 0.5, "hog"), Detection(Box(0, 0, 39, 39), 0.9, "hog")
    for order in ([centred, bystander], [bystander, centred]):
        assert select_faces(order, "central", SIZE) == [centred]
        assert select_faces(order, "largest", SIZE) == [bystander]


def test_a_large_face_counts_though_a_tiny_one_is_nearer_to_the_centre() -> None:
    portrait, speck = Detection(Box(10, 10, 79, 79), 0.9, "hog"), Detection(Box(45, 45, 54, 54), 0.9, "hog")
    assert select_faces([speck, portrait], "central", SIZE) == [portrait]


def test_a_face_beside_the_centre_needs_five_times_the_area() -> None:
    """Centres at 49.5 and at 49.5 + 10: 20 x 20 / 1 = 400; 25 x 25 / (1 + 2 x 100 / 625) = 473; far away 1 / 5."""
    centred = Detection(Box(40, 40, 59, 59), 0.9, "hog")
    assert centrality(centred.box, SIZE) == 400
    aside = Box(47.5, 37.5, 71.5, 61.5)
    assert centrality(aside, SIZE) == pytest.approx(625 / (1 + 200 / 625))
    assert select_faces([centred, Detection(aside, 0.1, "hog")], "central", SIZE) == [Detection(aside, 0.1, "hog")]
    for far in ((0, 0), (70, 70), (400, 0)):
        assert centrality(Box(far[0], far[1], far[0] + 19, far[1] + 19), SIZE) == pytest.approx(400 / 5)


def test_where_nobody_is_in_the_middle_the_largest_face_is_meant() -> None:
    """Two people at full length: the smaller face is nearer to the middle, and that says nothing of who is meant."""
    mother, child = Detection(Box(700, 190, 1015, 505), 0.9, "hog"), Detection(Box(900, 800, 1153, 1053), 0.9, "hog")
    assert select_faces([child, mother], "central", (1536, 2048)) == [mother]


def test_the_candidates_of_the_consistent_policy_begin_with_the_central_face() -> None:
    centred, bystander = Detection(Box(35, 35, 64, 64), 0.5, "hog"), Detection(Box(0, 0, 39, 39), 0.9, "hog")
    assert select_faces([bystander, centred], "consistent", SIZE) == [centred, bystander]


@pytest.mark.parametrize(
    ("policy", "why"), [("largest", "largest"), ("central", "central"), ("all", "every"), ("consistent", "central")]
)
def test_the_table_says_why_a_face_counts(policy: str, why: str) -> None:
    assert why_chosen(policy, 0, 1) == "only"
    assert why_chosen(policy, 0, 3) == why
    assert why_chosen("consistent", 1, 3) == "further"


def test_equally_central_faces_are_decided_by_place_whatever_their_order() -> None:
    left, right = Detection(Box(10, 40, 29, 59), 0.2, "hog"), Detection(Box(70, 40, 89, 59), 0.9, "hog")
    assert centrality(left.box, SIZE) == centrality(right.box, SIZE)
    assert select_faces([left, right], "central", SIZE) == select_faces([right, left], "central", SIZE) == [left]
