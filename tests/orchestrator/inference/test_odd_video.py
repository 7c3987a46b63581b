"""What phones, browsers and old cameras write: each file gives the right times and names, or honest words.

The files lie outside the project, in shared/data/odd-video; `tests.workers.faces.decode.test_read_video` draws the same
kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from orchestrator.inference.media_type import is_video
from orchestrator.inference.video import VideoAnswer, identify_video
from storage.errors import InputError
from tests.conftest import SHARED_DATA
from workers.faces.engine import FaceEngine
from workers.recognition.recogniser import Recogniser

FOLDER = SHARED_DATA / "odd-video"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the odd videos are not here")

TENTHS = [number / 10 for number in range(30)]
VARIABLE = [0.0, 1.0, 2.0, 3.0, *(4 + number / 20 for number in range(40))]
UPRIGHT = (480, 720)


@dataclass(frozen=True)
class Right:
    """What a file is: the second of each frame, and when each of its faces comes and goes."""

    seconds: list[float]
    faces: list[tuple[float, float]]
    damaged: bool = False


TWO = [(0.0, 1.9), (2.0, 2.9)]

RIGHT = {
    "01-rot90.mov": Right(TENTHS, TWO),
    "02-vfr.mp4": Right(VARIABLE, [(0.0, 3.0), (4.0, 5.95)]),
    "03-mediarecorder-vfr.webm": Right(VARIABLE, [(0.0, 3.0), (4.0, 5.95)]),
    "04-avchd.MTS": Right(TENTHS, TWO),
    "04.wmv": Right(TENTHS, TWO),
    "05-hevc10.mp4": Right(TENTHS, TWO),
    "06-noface.mp4": Right(TENTHS[:20], []),
    "09-corrupt-middle.mp4": Right(TENTHS, [(0.0, 2.9)], damaged=True),
    "09-fragmented.mp4": Right(TENTHS, TWO),
}

REFUSED = {"07-audio-only.mp4": "has no pictures that can be decoded. It may hold sound only"}


def test_every_file_is_in_a_table() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*RIGHT, *REFUSED, "09-empty.mp4"}


@pytest.mark.parametrize("name", RIGHT)
def test_a_file_gives_the_right_times_and_faces(name: str, engine: FaceEngine, recogniser: Recogniser) -> None:
    assert is_video(FOLDER / name)
    answer = identify_video(FOLDER / name, engine, recogniser)
    right = RIGHT[name]
    assert [frame.second for frame in answer.frames] == pytest.approx(right.seconds, abs=0.002)
    assert intervals(answer) == [pytest.approx(each, abs=0.002) for each in right.faces]
    assert answer.missing == 0
    assert bool(answer.damage) == right.damaged


def intervals(answer: VideoAnswer) -> list[tuple[float, float]]:
    """From when to when each face is in sight; upright, it is high in the picture."""
    for track in answer.tracks:
        box = next(iter(track.boxes.values()))
        assert 0 < box.left < box.right < UPRIGHT[0]
        assert 0 < box.top < box.centre[1] < UPRIGHT[1] / 2
    return [(one.begin, one.end) for one in answer.appearances]


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_without_pictures_is_said_to_have_none(name: str, engine: FaceEngine, recogniser: Recogniser) -> None:
    with pytest.raises(InputError, match=REFUSED[name]):
        identify_video(FOLDER / name, engine, recogniser)


def test_an_empty_file_is_no_video() -> None:
    assert not is_video(FOLDER / "09-empty.mp4")
