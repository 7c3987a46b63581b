"""What is printed says what was found, and a name cannot steer the terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.inference.format_names import (
    PhotoTable,
    model_as_json,
    model_lines,
    photo_as_json,
)
from orchestrator.inference.format_video import video_as_json, video_lines, video_summary
from orchestrator.inference.photos import NamedFace, PhotoAnswer
from orchestrator.inference.tracks import Appearance, Track
from orchestrator.inference.video import FrameAnswer, VideoAnswer
from orchestrator.inference.video_copy import KEPT, NONE
from workers.faces.detect.boxes import Box
from workers.recognition.recogniser import Named, Recogniser
from workers.recognition.threshold import Threshold


def face(name: str, milliseconds: float = 0.02) -> NamedFace:
    likeness, distance = (88.1, 0.5) if name == "ada" else (31.2, 0.584)
    return NamedFace((1, 2, 30, 40), Named(name, "ada", likeness, distance, 0.75, milliseconds))


ANSWERS = [
    PhotoAnswer(Path("a.jpg"), "ok", faces=(face("ada"), face("unknown")), seconds=0.05),
    PhotoAnswer(Path("b\x1b[31m.jpg"), "unreadable", "empty file"),
    PhotoAnswer(Path("c.jpg"), "no_face", "no face found", seconds=0.03),
]
VIDEO = VideoAnswer(
    Path("v.mp4"),
    (
        FrameAnswer(0, 0.0, (face("ada"), face("unknown")), (1, 2)),
        FrameAnswer(1, 0.5, (face("ada"), face("unknown")), (1, 2)),
        FrameAnswer(2, 1, (), ()),
    ),
    (
        Track(1, {0: Box(1, 2, 30, 40), 1: Box(1, 2, 30, 40)}, face("ada").named, votes=2),
        Track(2, {0: Box(1, 2, 30, 40), 1: Box(1, 2, 30, 40)}, face("unknown").named, votes=1),
    ),
    (
        Appearance("ada", "ada", 0.0, 0.5, 88.1, (1,), 2),
        Appearance("unknown", "ada", 0.0, 0.5, 31.2, (2,), 1),
    ),
    rate=2.0,
    missing=0,
    damage=0,
    seconds=1.5,
)


def photo_lines(answers: list[PhotoAnswer], needed: float) -> list[str]:
    table = PhotoTable([answer.path for answer in answers], ["ada"], needed)
    return [table.head, *(line for answer in answers for line in table.lines(answer))]


def test_the_columns_of_rows_that_come_one_by_one_begin_at_the_same_place() -> None:
    lines = photo_lines(ANSWERS, 47)
    assert {line.index(cell) for line, cell in zip(lines, ("name", "ada", "unknown", "unreadable"), strict=False)} == {
        lines[0].index("name")
    }


def test_each_face_is_a_line_and_so_is_a_photo_without_one() -> None:
    lines = photo_lines(ANSWERS, 47)
    assert [line.split() for line in lines[:3]] == [
        ["photo", "box", "name", "likeness", "ms"],
        ["a.jpg", "1,2", "30,40", "ada", "88", "%", "0.020"],
        ["a.jpg", "1,2", "30,40", *["unknown,", "most", "like", "ada", "31", "%,", "needs", "47", "%"], "0.020"],
    ]
    assert "unreadable: empty file" in lines[3]
    assert "no_face" in lines[4]
    assert len(lines) == 5


def test_a_likeness_just_below_the_needed_one_is_not_shown_as_equal_to_it() -> None:
    assert "31.20 %, needs 31.30 %" in photo_lines(ANSWERS, 31.3)[2]


def test_control_characters_are_made_visible() -> None:
    assert all(line.isprintable() for line in photo_lines(ANSWERS, 47))


def test_a_video_is_a_line_an_appearance() -> None:
    assert [line.split() for line in video_lines(VIDEO, 47)] == [
        ["from", "to", "name", "likeness", "votes"],
        ["0.00", "s", "0.50", "s", "ada", "88", "%", "2"],
        ["0.00", "s", "0.50", "s", *["unknown,", "most", "like", "ada", "31", "%,", "needs", "47", "%"], "1"],
    ]


def test_a_whole_video_says_its_speed_and_no_more() -> None:
    (said,) = video_summary(VIDEO)
    assert "3 frames, 2 tracks of faces that were named 3 times" in said
    assert "2.0 frames/s (the video has 2)" in said


def test_what_is_wrong_with_a_video_is_said() -> None:
    empty = replace(VIDEO, tracks=(), missing=1, damage=3, copy=Path("n.mp4"), sound="ffmpeg is not installed")
    assert video_summary(empty)[1:] == [
        "No face was found.",
        "The file is cut short: it promises 1 byte more than it has.",
        "The file is damaged: the decoder reported 3 errors. Frames may be incomplete, and faces in them missing.",
        "The copy has no sound: ffmpeg is not installed.",
    ]
    for sound in (KEPT, NONE):
        assert len(video_summary(replace(VIDEO, copy=Path("n.mp4"), sound=sound))) == 1


def test_json_holds_every_face_of_every_photo_and_frame(recogniser: Recogniser) -> None:
    photos = [json.loads(photo_as_json(answer), parse_constant=pytest.fail) for answer in ANSWERS]
    assert [len(each["faces"]) for each in photos] == [2, 0, 0]
    assert photos[0]["faces"][1]["name"] == "unknown"
    assert photos[0]["faces"][1]["nearest"] == "ada"
    model = json.loads(model_as_json(recogniser, "run-1"), parse_constant=pytest.fail)["model"]
    assert (model["run"], model["configuration"]) == ("run-1", "svm-linear")
    video = json.loads(json.dumps(video_as_json(VIDEO, recogniser), allow_nan=False))
    assert [[face["track"] for face in each["faces"]] for each in video["frames"]] == [[1, 2], [1, 2], []]
    assert [(each["track"], each["name"], each["likeness"]) for each in video["tracks"]] == [
        (1, "ada", 88.1),
        (2, "unknown", 31.2),
    ]
    assert [(each["name"], each["begin"], each["end"]) for each in video["appearances"]] == [
        ("ada", 0.0, 0.5),
        ("unknown", 0.0, 0.5),
    ]


def test_the_model_says_what_it_does_at_its_threshold(recogniser: Recogniser) -> None:
    said = "\n".join(model_lines(recogniser))
    point = recogniser.operating
    assert point is not None
    away = f"turns away {(point.turned_away or 0) * point.known_faces:.0f} of {point.known_faces} ("
    assert "svm-linear, fitted on 24 faces of 4 people." in said
    assert f"of {point.known_faces} (" in said
    assert away in said
    assert "of strangers' faces it lets in" in said
    assert recogniser.needed_likeness is not None
    assert f"from a likeness of {recogniser.needed_likeness:.2f} % on; threshold chosen on" in said  # drawn faces
    assert "Warning" not in said


def test_a_model_that_turns_away_its_own_people_is_warned_of(recogniser: Recogniser) -> None:
    assert recogniser.operating is not None
    point = replace(
        recogniser.operating, turned_away=0.11, turned_away_low=0.05, turned_away_high=0.2, known_faces=100,
        worst_person="ada\n", worst_turned_away=11.0, worst_faces=20,
    )  # fmt: skip
    said = model_lines(replace(recogniser, operating=point))
    assert "turns away 11 of 100 (11.0 %, 95 % interval 5.0 % to 20.0 %)" in said[1]
    assert said[2:4] == [
        "Warning: it turns away too many of its own people. Choose another configuration with -c.",
        "It turns away ada\\n most: 11 of 20 faces.",
    ]


def test_a_mean_over_repeats_is_not_rounded_to_a_count_that_its_share_contradicts(recogniser: Recogniser) -> None:
    assert recogniser.operating is not None
    point = replace(
        recogniser.operating, turned_away=2.5 / 23, known_faces=23, worst_person="ada", worst_turned_away=1.5,
        worst_faces=4,
    )  # fmt: skip
    said = "\n".join(model_lines(replace(recogniser, operating=point)))
    assert "turns away 2.5 of 23 (10.9 %" in said
    assert "It turns away ada most: 1.5 of 4 faces." in said


def test_figures_of_another_threshold_are_not_told(recogniser: Recogniser) -> None:
    said = "\n".join(model_lines(recogniser.needing(75)))
    assert "not known" in said
    assert "from a likeness of 75 % on; threshold as asked for" in said
    assert "Every face gets a name" in model_lines(replace(recogniser, threshold=Threshold(None, "none")))[-1]
