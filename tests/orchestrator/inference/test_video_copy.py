"""A copy lasts as long as its video, and has its sound where ffmpeg can be had."""

from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from orchestrator.inference.video_copy import KEPT, NONE, VideoCopy, copy_rate
from storage.errors import StoreError
from storage.new_files import OutputExists
from storage.outputs import OutputLedger
from workers.faces.decode.read_video import Frame, VideoReader
from workers.faces.decode.video_process import VideoSource

FFMPEG = shutil.which("ffmpeg")

FAKE = """#!/bin/sh
printf '%s\\n' "$@" > {marks}/arguments
for out; do :; done
{then}
"""


def written(
    out: Path,
    seconds: list[float],
    rate: float,
    video: Path | None = None,
    starts_at: float = 0.0,
    meanwhile: bytes = b"",
    ledger: Path | None = None,
) -> str:
    """Write a frame for each second, each lighter than the one before; returns what became of the sound."""
    with VideoCopy(out, rate) as copy:
        for number, second in enumerate(seconds):
            copy.write(second, np.full((48, 64, 3), 10 + 20 * number, np.uint8))
        if meanwhile:
            out.write_bytes(meanwhile)
        return copy.finish(video or out, starts_at, OutputLedger(ledger), ["ada"])


def frames_of(path: Path) -> list[Frame]:
    with VideoReader(VideoSource(str(path)), path.name, 10_000_000) as video:
        return list(video.frames())


def shown_at(frames: list[Frame], second: float) -> int:
    """The shade that is in sight at that time, as the number of its frame."""
    frame = [each for each in frames if each.second <= second + 1e-6][-1]
    return round((float(frame.rgb.mean()) - 10) / 20)


@pytest.fixture
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.usefixtures("no_ffmpeg")
def test_each_frame_of_a_constant_rate_is_once_in_the_copy(tmp_path: Path) -> None:
    seconds = [number / 29.97 for number in range(10)]
    sound = written(tmp_path / "a.mp4", seconds, copy_rate(seconds, 29.97))
    assert [frame.second for frame in frames_of(tmp_path / "a.mp4")] == pytest.approx(seconds, abs=1e-3)
    assert sound == "ffmpeg is not installed"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.usefixtures("no_ffmpeg")
def test_frames_of_a_variable_rate_are_in_sight_at_their_times(tmp_path: Path) -> None:
    seconds = [0.0, 1.0, 2.0, 2.05, 2.1, 2.15, 2.2, 2.25, 4.0]
    written(tmp_path / "a.mp4", seconds, copy_rate(seconds, 3.6))
    frames = frames_of(tmp_path / "a.mp4")
    assert [shown_at(frames, second + 0.02) for second in seconds] == list(range(9))
    assert shown_at(frames, 3.9) == 7


def test_the_rate_is_the_stated_one_where_the_times_agree() -> None:
    assert copy_rate([number / 30 for number in range(50)], 29.97) == 29.97
    assert copy_rate([number / 60 for number in range(50)], 30.0) == pytest.approx(60)
    assert copy_rate([0.0], 12.5) == 12.5
    assert copy_rate([0.0, 1e-6, 2e-6], 25.0) == 120.0


@pytest.mark.usefixtures("no_ffmpeg")
def test_a_copy_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    with VideoCopy(tmp_path / "a.mp4", 10) as copy:
        for second in (0.0, 0.1, 0.2):
            copy.write(second, np.zeros((48, 64, 3), np.uint8))
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_ffmpeg")
def test_a_folder_that_is_not_there_is_one_error_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        written(tmp_path / "gone" / "a.mp4", [0.0, 0.1], 10)


def fake_ffmpeg(folder: Path, monkeypatch: pytest.MonkeyPatch, then: str) -> Path:
    """A program of that name in front of all others."""
    program = folder / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(FAKE.format(marks=folder, then=then))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return folder / "arguments"


@pytest.mark.parametrize(
    ("then", "sound"),
    [
        ("echo sounding > ${out#file:}", KEPT),
        ("echo 'Stream map 1:a:0 matches no streams.' >&2; exit 1", NONE),
        ("echo first >&2; echo 'Invalid data' >&2; exit 1", "ffmpeg says: Invalid data"),
        ("exit 3", "ffmpeg says: exit 3"),
        ("exec sleep 100", "ffmpeg says: TimeoutExpired"),
    ],
)
def test_whatever_ffmpeg_does_there_is_a_copy_and_a_word_about_its_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, sound: str
) -> None:
    monkeypatch.setattr("orchestrator.inference.video_copy.LEAST_SOUND_SECONDS", 0.2)
    arguments = fake_ffmpeg(tmp_path, monkeypatch, then)
    out = tmp_path / "out"
    out.mkdir()
    assert written(out / "a.mp4", [0.0, 0.1], 10, tmp_path / "-i.mp4", 0.25) == sound
    assert [path.name for path in out.iterdir()] == ["a.mp4"]
    assert ((out / "a.mp4").read_bytes() == b"sounding\n") == (sound == KEPT)
    told = arguments.read_text().split()
    assert told.count("-protocol_whitelist") == told.count("-format_whitelist") == 2
    assert f"file:{tmp_path / '-i.mp4'}" in told
    assert told[told.index("-itsoffset") + 1] == "0.250000"


def test_a_program_in_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\ntouch run\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert written(tmp_path / "a.mp4", [0.0, 0.1], 10) == "ffmpeg is not installed"
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")
@pytest.mark.parametrize("container", ["mp4", "wmv", "mkv"])
def test_the_sound_of_a_video_is_in_its_copy_at_its_time(tmp_path: Path, container: str) -> None:
    assert FFMPEG
    with wave.open(str(tmp_path / "tone.wav"), "wb") as tone:
        tone.setparams((1, 2, 48_000, 0, "NONE", ""))  # its priming, 1,024 samples, is short
        tone.writeframes((8000 * np.sin(np.arange(96_000) / 18)).astype("<i2").tobytes())
    written(tmp_path / "silent.mp4", [number / 10 for number in range(12)], 10)
    video = tmp_path / f"video.{container}"
    inputs = ("-itsoffset", "0.5", "-i", str(tmp_path / "silent.mp4"), "-i", str(tmp_path / "tone.wav"))
    subprocess.run([FFMPEG, "-v", "error", *inputs, str(video)], check=True, timeout=60)
    with VideoReader(VideoSource(str(video)), video.name, 10_000_000) as reader:
        list(reader.frames())
        starts_at = reader.starts_at
    copy = tmp_path / "copy.mp4"
    assert written(copy, [number / 10 for number in range(12)], 10, video, starts_at) == KEPT
    told = subprocess.run([FFMPEG, "-i", str(copy)], capture_output=True, text=True, check=False, timeout=60).stderr
    assert "Audio: " in told
    with VideoReader(VideoSource(str(copy)), "copy", 10_000_000) as reader:
        list(reader.frames())
        assert reader.starts_at == pytest.approx(starts_at, abs=0.06)


@pytest.mark.usefixtures("no_ffmpeg")
def test_a_file_that_was_made_during_the_work_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    with pytest.raises(OutputExists):
        written(out, [0.0, 0.1], 10, meanwhile=b"the user's", ledger=tmp_path / "ledger")
    assert out.read_bytes() == b"the user's"
    assert {path.name for path in tmp_path.iterdir()} <= {"a.mp4", "ledger"}


@pytest.mark.usefixtures("no_ffmpeg")
def test_an_earlier_copy_is_replaced_and_its_people_are_recorded(tmp_path: Path) -> None:
    out, ledger = tmp_path / "a.mp4", tmp_path / "ledger"
    for seconds in ([0.0, 0.1], [0.0, 0.1, 0.2]):
        written(out, seconds, 10, ledger=ledger)
    assert len(frames_of(out)) == 3
    (listed,) = OutputLedger(ledger).outputs()
    assert (listed.path, listed.people, listed.unchanged) == (out, ("ada",), True)
