"""Frames come upright and at their times, and a decoder that dies or hangs is an error of its video alone."""

from __future__ import annotations

import os
import resource
import signal
import struct
from pathlib import Path

import numpy as np
import pytest

from storage.errors import InputError
from workers.faces.decode import read_video
from workers.faces.decode.read_video import VideoReader
from workers.faces.decode.video_process import VideoSource

PIXELS = 10_000_000


def drawn(path: Path, codec: str = "mp4v", frames: int = 12, rate: float = 10) -> Path:
    """Frames that grow lighter, brighter on the left; each shade tells its frame."""
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, (64, 48))
    for number in range(frames):
        frame = np.full((48, 64, 3), min(10 + 15 * number, 255), np.uint8)
        frame[:, :32, 0] = 255  # blue, as OpenCV writes it
        writer.write(frame)
    writer.release()
    return path


def with_durations(path: Path, durations: list[int]) -> Path:
    """The same MP4 with a variable frame rate: each frame's duration, in units of the first one's.

    OpenCV writes the index behind the pictures, so it may grow without moving them.
    """
    data = path.read_bytes()
    at = data.index(b"stts") - 4
    size, _, _, entries, count, delta = struct.unpack(">I4sIIII", data[at : at + 24])
    assert (size, entries, count) == (24, 1, len(durations))
    table = b"".join(struct.pack(">II", 1, delta * each) for each in durations)
    grown = struct.pack(">I4sII", 16 + len(table), b"stts", 0, len(durations)) + table
    out = bytearray(data[:at] + grown + data[at + 24 :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        place = out.index(box) - 4
        (length,) = struct.unpack(">I", out[place : place + 4])
        out[place : place + 4] = struct.pack(">I", length + len(grown) - 24)
    while (place := out.find(b"elst")) >= 0:  # its edit would end the video at the old length
        out[place : place + 4] = b"free"
    path.write_bytes(out)
    return path


def read(path: Path) -> tuple[VideoReader, list[read_video.Frame]]:
    with VideoReader(VideoSource(str(path)), path.name, PIXELS) as video:
        return video, list(video.frames())


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "MJPG"), ("a.webm", "VP80")]
)
def test_frames_are_rgb_in_order_and_at_their_times(tmp_path: Path, name: str, codec: str) -> None:
    video, frames = read(drawn(tmp_path / name, codec))
    assert [frame.second for frame in frames] == pytest.approx([number / 10 for number in range(12)], abs=1e-3)
    assert [frame.rgb.shape for frame in frames] == [(48, 64, 3)] * 12
    assert [int(frame.rgb[24, 50].mean()) for frame in frames] == pytest.approx(
        [10 + 15 * number for number in range(12)], abs=8
    )
    assert frames[0].rgb[24, 10].argmax() == 2
    assert video.rate == pytest.approx(10)


def test_a_variable_frame_rate_gives_the_containers_times(tmp_path: Path) -> None:
    durations = [10, 10, 10, 1, 1, 1, 1, 30, 1, 1, 1, 1]
    video, frames = read(with_durations(drawn(tmp_path / "a.mp4"), durations))
    wanted = [sum(durations[:number]) / 10 for number in range(12)]
    assert [frame.second for frame in frames] == pytest.approx(wanted, abs=1e-3)
    assert video.rate < 3  # the mean, which says nothing of when a frame is shown


def test_frames_are_turned_upright_as_phones_ask(tmp_path: Path) -> None:
    data = bytearray(drawn(tmp_path / "a.mp4").read_bytes())
    place = data.index(b"tkhd") + 4 + 40  # its matrix: a quarter turn clockwise
    data[place : place + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30)
    (tmp_path / "a.mp4").write_bytes(data)
    _, frames = read(tmp_path / "a.mp4")
    assert frames[0].rgb.shape == (64, 48, 3)
    assert frames[0].rgb[10, 24].argmax() == 2  # what was on the left is above


def test_frames_beyond_the_limit_are_refused_before_any_is_decoded(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.mp4")
    with pytest.raises(InputError, match=r"a\.mp4 has frames of 64 x 48 pixels"):
        VideoReader(VideoSource(str(path)), path.name, 64 * 48 - 1)


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x18ftypmp42" + bytes(300), b"RIFF\0\0\0\0AVI LIST"])
def test_what_holds_no_picture_is_an_error_of_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mp4 has no pictures that can be decoded"):
        read(tmp_path / "a.mp4")


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile '{}'\n"])
def test_a_playlist_is_not_followed(tmp_path: Path, text: str) -> None:
    whole = drawn(tmp_path / "whole.mp4")
    (tmp_path / "a.mp4").write_text(text.format(whole))
    with pytest.raises(InputError, match="no pictures"):
        read(tmp_path / "a.mp4")


def test_a_decoder_that_is_killed_is_an_error_and_leaves_no_process(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.avi", "MJPG", frames=3000)
    with VideoReader(VideoSource(str(path)), path.name, PIXELS) as video:
        frames = video.frames()
        next(frames)
        os.kill(process_of(video), signal.SIGKILL)
        with pytest.raises(InputError, match=r"the decoder of a\.avi died"):
            list(frames)
    assert not Path(f"/proc/{process_of(video)}").exists()


def test_a_decoder_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drawn(tmp_path / "a.avi", "MJPG", frames=3000)
    with VideoReader(VideoSource(str(path)), path.name, PIXELS) as video:
        frames = video.frames()
        next(frames)
        os.kill(process_of(video), signal.SIGSTOP)
        monkeypatch.setattr(read_video, "SECONDS_PER_FRAME", 0.2)
        with pytest.raises(InputError, match=r"the decoder of a\.avi said nothing for 0 s"):
            list(frames)
    assert not Path(f"/proc/{process_of(video)}").exists()


def test_the_decoder_has_limits_that_its_parent_has_not(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.avi", "MJPG", frames=3000)
    with VideoReader(VideoSource(str(path)), path.name, PIXELS) as video:
        next(video.frames())
        limits = [resource.prlimit(process_of(video), what)[0] for what in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE)]
    assert limits == [4_000_000_000, 64]
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


def test_a_reader_that_is_left_early_leaves_no_process(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.avi", "MJPG", frames=3000)
    with VideoReader(VideoSource(str(path)), path.name, PIXELS) as video:
        next(video.frames())
    assert not Path(f"/proc/{process_of(video)}").exists()


def test_damage_is_counted(tmp_path: Path) -> None:
    path = drawn(tmp_path / "a.avi", "MJPG", frames=30)
    assert closed_damage(path) == 0
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 2, len(data) // 2 + 3000, 7):
        data[place] ^= 0x5A
    path.write_bytes(data)
    assert closed_damage(path) > 0


def closed_damage(path: Path) -> int:
    with VideoReader(VideoSource(str(path)), path.name, PIXELS) as video:
        list(video.frames())
        return video.damage


def process_of(video: VideoReader) -> int:
    pid = video._process.pid
    assert pid
    return pid
