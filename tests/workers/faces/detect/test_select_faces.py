"""The policies that choose the faces of a photo."""

from __future__ import annotations

from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.select_faces import select_faces
from workers.faces.refusal import Refusal

SMALL = Detection(Box(0, 0, 9, 9), 0.9, "hog")
LARGE = Detection(Box(50, 0, 89, 39), 0.6, "hog")
TWIN = Detection(Box(5, 60, 44, 99), 0.6, "hog")


def test_the_largest_face_counts_whatever_the_scores() -> None:
    assert select_faces([SMALL, LARGE], "largest") == [LARGE]


def test_all_faces_are_sorted_by_falling_area() -> None:
    assert (
        select_faces([SMALL, LARGE, TWIN], "all") == select_faces([TWIN, SMALL, LARGE], "all") == [TWIN, LARGE, SMALL]
    )


def test_several_faces_are_refused_where_one_is_required() -> None:
    refusal = select_faces([SMALL, LARGE], "require-one")
    assert isinstance(refusal, Refusal)
    assert refusal.outcome == "several_faces"
    assert "2 faces" in refusal.reason
    assert select_faces([SMALL], "require-one") == [SMALL]


def test_no_face_is_refused_under_every_policy() -> None:
    for policy in ("largest", "require-one", "all"):
        refusal = select_faces([], policy)
        assert isinstance(refusal, Refusal)
        assert refusal.outcome == "no_face"
