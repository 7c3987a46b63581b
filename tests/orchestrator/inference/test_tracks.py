"""Detections become tracks, a track has one name, and an appearance says from when to when."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.inference.tracks import GAP_SECONDS, Sighting, Track, Tracker, appearances, vote
from workers.faces.detect.boxes import Box
from workers.learning.configurations import UNKNOWN
from workers.recognition.recogniser import Named

FARTHEST = 0.6
RATE = 10


def named(person: str = "ada", likeness: float = 90.0) -> Named:
    return Named(person if likeness >= 50 else UNKNOWN, person, likeness, 0.4, 0.9, 0.02)


def sighting(left: float, person: str = "ada", likeness: float = 90.0) -> Sighting:
    embedding = np.zeros(128, np.float32)
    embedding[ord(person[0]) % 128] = 1  # two people are 1.4 apart
    return Sighting(Box(left, 50, left + 39, 89), named(person, likeness), embedding)


def tracked(*frames: list[Sighting] | None, follow: bool = True) -> list[Track]:
    """Tracks of these detections; None for a frame in which nothing is detected, and boxes are followed."""
    tracker = Tracker(FARTHEST)
    for number, found in enumerate(frames):
        tracker.followed(number, tracker.boxes if follow else [None] * len(tracker.boxes))
        if found is not None:
            tracker.seen(number, number / RATE, found)
    return tracker.finished(needed=50)


def test_a_face_that_moves_is_one_track_with_a_box_in_each_frame() -> None:
    (track,) = tracked([sighting(10)], None, None, [sighting(22)], None, [sighting(30)])
    assert list(track.boxes) == [0, 1, 2, 3, 4, 5]
    assert [track.boxes[number].left for number in (0, 2, 3, 5)] == [10, 10, 22, 30]
    assert (track.number, track.votes, track.named.name) == (1, 3, "ada")


def test_where_a_face_could_not_be_followed_its_boxes_are_filled_in() -> None:
    (track,) = tracked([sighting(10)], None, None, None, [sighting(18)], follow=False)
    assert [track.boxes[number].left for number in range(5)] == [10, 12, 14, 16, 18]


def test_two_faces_that_cross_keep_their_tracks() -> None:
    places = [(10, 60), (20, 50), (30, 40), (40, 30), (50, 20), (60, 10)]
    tracks = tracked(*([sighting(a, "ada"), sighting(b, "bob")] for a, b in places))
    assert [(track.named.name, track.boxes[0].left, track.boxes[5].left) for track in tracks] == [
        ("ada", 10, 60),
        ("bob", 60, 10),
    ]


def test_another_person_in_the_same_place_is_another_track() -> None:
    first, second = tracked([sighting(10, "ada")], [sighting(10, "ada")], [sighting(10, "bob")], [sighting(10, "bob")])
    assert (first.named.name, list(first.boxes)) == ("ada", [0, 1])
    assert (second.named.name, list(second.boxes)) == ("bob", [2, 3])


def test_a_face_that_is_gone_leaves_no_box_behind_though_its_place_can_be_followed() -> None:
    (track,) = tracked([sighting(10)], [sighting(10)], None, [], None, [], None, [], None, [], [])
    assert max(track.boxes) <= 2  # it is not known before the detection in frame 3 that it had gone


def test_a_face_that_comes_back_within_half_a_second_is_the_same_track() -> None:
    (track,) = tracked([sighting(10)], [], [], [sighting(14)])
    assert list(track.boxes) == [0, 1, 2, 3]
    assert len(tracked([sighting(10)], *[[]] * 7, [sighting(14)])) == 2


def test_a_cut_ends_every_track() -> None:
    tracker = Tracker(FARTHEST)
    tracker.seen(0, 0.0, [sighting(10)])
    tracker.cut()
    assert tracker.boxes == []
    tracker.seen(1, 0.1, [sighting(10)])
    assert [list(track.boxes) for track in tracker.finished(50)] == [[0], [1]]


def test_of_two_detections_at_a_track_the_nearer_one_continues_it() -> None:
    first, second = tracked([sighting(10)], [sighting(25), sighting(12)])
    assert [box.left for box in first.boxes.values()] == [10, 12]
    assert [box.left for box in second.boxes.values()] == [25]


@pytest.mark.parametrize(
    ("answers", "name", "likeness"),
    [
        ([("ada", 90), ("ada", 80), ("bob", 99)], "ada", 80),
        ([("ada", 90), ("bob", 95)], UNKNOWN, 47.5),  # half against half settles nothing
        ([("ada", 30), ("ada", 40), ("ada", 90)], UNKNOWN, 40),
        ([("ada", 30), ("ada", 60), ("ada", 90)], "ada", 60),
        ([("bob", 10)], UNKNOWN, 10),
    ],
)
def test_a_face_is_known_if_half_of_its_answers_name_that_person_and_are_good_enough(
    answers: list[tuple[str, float]], name: str, likeness: float
) -> None:
    said = vote([named(*answer) for answer in answers], needed=50)
    assert (said.name, said.likeness) == (name, likeness)
    assert vote([named(*answer) for answer in answers], needed=None).name != UNKNOWN


def track(number: int, person: str, begin: int, end: int, likeness: float = 90, votes: int = 1) -> Track:
    boxes = {frame: Box(0, 0, 9, 9) for frame in range(begin, end + 1)}
    return Track(number, boxes, vote([named(person, likeness)], 50), votes)


def test_tracks_of_one_person_with_a_short_gap_are_one_appearance() -> None:
    seconds = [frame / RATE for frame in range(100)]
    gap = int(GAP_SECONDS * RATE)
    first = track(1, "ada", 0, 20, likeness=90, votes=3)
    again = track(2, "ada", 20 + gap, 40, likeness=80, votes=1)
    other = track(3, "bob", 25, 30)
    late = track(4, "ada", 41 + gap, 60)
    one, bob, last = appearances([first, other, again, late], seconds)
    assert (one.name, one.begin, one.end, one.tracks, one.votes, one.likeness) == ("ada", 0.0, 4.0, (1, 2), 4, 87.5)
    assert (bob.name, bob.begin, bob.end) == ("bob", 2.5, 3.0)
    assert (last.name, last.begin, last.tracks) == ("ada", 5.1, (4,))


def test_unknown_people_are_not_taken_for_one_another() -> None:
    seconds = [frame / RATE for frame in range(20)]
    found = appearances([track(1, "ada", 0, 5, likeness=20), track(2, "ada", 6, 10, likeness=20)], seconds)
    assert [(one.name, one.nearest, one.tracks) for one in found] == [(UNKNOWN, "ada", (1,)), (UNKNOWN, "ada", (2,))]
