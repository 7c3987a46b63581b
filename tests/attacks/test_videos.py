"""A video costs its own decoder at most: memory, time and files have limits, and no file leads to another."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from storage.errors import InputError
from tests.cluster import is_alive, wait_for
from workers.faces.decode.read_video import VideoReader
from workers.faces.decode.video_process import VideoSource

PIXELS = 40_000


def drawn(path: Path, width: int = 64, height: int = 48, frames: int = 8) -> Path:
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (width, height))
    for shade in range(frames):
        writer.write(np.full((height, width, 3), shade % 256, np.uint8))
    writer.release()
    return path


def read(path: Path) -> int:
    with VideoReader(VideoSource(str(path)), path.name, PIXELS) as video:
        return sum(1 for _ in video.frames())


def test_frames_that_grow_in_the_midst_of_a_video_stay_as_small_as_the_first(tmp_path: Path) -> None:
    small, large = drawn(tmp_path / "small.avi", frames=40).read_bytes(), drawn(tmp_path / "large.avi", 640, 480)
    picture = large.read_bytes()
    picture = picture[picture.index(b"\xff\xd8\xff") : picture.index(b"\xff\xd9") + 2]
    places = [at for at in range(len(small)) if small.startswith(b"00dc", at) and small.startswith(b"\xff\xd8", at + 8)]
    assert len(places) == 40
    at = places[30]  # beyond what FFmpeg looks at before it states a size
    chunk = b"00dc" + len(picture).to_bytes(4, "little") + picture + bytes(len(picture) % 2)
    grown = bytearray(small[:at] + chunk)  # the file ends in the midst, without an index
    for length in (4, grown.index(b"movi") - 4):  # of the file, and of the list of pictures
        grown[length : length + 4] = (len(grown) - length - 4).to_bytes(4, "little")
    (tmp_path / "a.avi").write_bytes(grown)
    with VideoReader(VideoSource(str(tmp_path / "a.avi")), "a.avi", PIXELS) as video:
        assert [frame.rgb.shape for frame in video.frames()] == [(48, 64, 3)] * 31


@pytest.mark.parametrize("size", [(65_500, 65_500), (2**31 - 1, 2**31 - 1), (0, 0)])
def test_a_size_that_is_only_stated_takes_no_memory(tmp_path: Path, size: tuple[int, int]) -> None:
    data = bytearray(drawn(tmp_path / "a.avi").read_bytes())
    wide, high = (side.to_bytes(4, "little") for side in size)
    header, stream = data.index(b"avih") + 40, data.index(b"strf") + 12
    data[header : header + 8] = data[stream : stream + 8] = wide + high
    (tmp_path / "a.avi").write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with contextlib.suppress(InputError):  # FFmpeg believes the pictures, or none of it
        read(tmp_path / "a.avi")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 400_000)  # kB


HOLDING = """
import sys
from pathlib import Path
from workers.faces.decode.read_video import VideoReader
from workers.faces.decode.video_process import VideoSource
if __name__ == "__main__":
    video = VideoReader(VideoSource(sys.argv[1]), "a video", 10_000_000)
    next(video.frames())
    print(video._process.pid, flush=True)
    sys.stdin.read()
"""


def test_a_decoder_dies_with_its_parent(tmp_path: Path) -> None:
    path, script = drawn(tmp_path / "a.avi", frames=2000), tmp_path / "holding.py"
    script.write_text(HOLDING)
    command = [sys.executable, str(script), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        decoder = int(parent.stdout.readline())
        assert is_alive(decoder)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        wait_for(lambda: not is_alive(decoder), "the decoder's end", seconds=10)


@pytest.mark.parametrize("head", [b"", b"RIFF\xff\xff\xff\xffAVI ", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"])
def test_a_playlist_behind_any_signature_reads_no_other_file(tmp_path: Path, head: bytes) -> None:
    secret = drawn(tmp_path / "secret.avi")
    for text in (f"#EXTM3U\n#EXTINF:1,\n{secret}\n", f"ffconcat version 1.0\nfile '{secret}'\n"):
        (tmp_path / "a.mp4").write_bytes(head + text.encode())
        with pytest.raises(InputError, match=r"a\.mp4"):
            read(tmp_path / "a.mp4")


def test_a_movie_that_refers_to_another_file_reads_none(tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "a.mov"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for shade in range(8):
        writer.write(np.full((48, 64, 3), 20 * shade, np.uint8))
    writer.release()
    data = path.read_bytes()
    (tmp_path / "other.mov").write_bytes(data)
    at = data.index(b"url ", data.index(b"dref"))
    name = b"other.mov\0"
    flags = (0).to_bytes(4, "big")  # not in this file
    entry = (12 + len(name)).to_bytes(4, "big") + b"url " + flags + name
    grown = len(entry) - int.from_bytes(data[at - 4 : at], "big")
    out = bytearray(data[: at - 4] + entry + data[at - 4 + int.from_bytes(data[at - 4 : at], "big") :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        place = out.index(box) - 4
        out[place : place + 4] = (int.from_bytes(out[place : place + 4], "big") + grown).to_bytes(4, "big")
    pictures, end = out.index(b"mdat") + 4, out.index(b"moov") - 4
    out[pictures:end] = bytes(end - pictures)  # what this file itself holds is no picture
    path.write_bytes(out)
    with pytest.raises(InputError, match=r"a\.mov"):
        read(path)
