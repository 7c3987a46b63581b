"""What a container promises and the file does not have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers.faces.decode.video_length import missing_bytes


def drawn(path: Path, codec: str) -> Path:
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (64, 48))
    for shade in range(20):
        writer.write(np.full((48, 64, 3), 10 * shade, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "mp4v"), ("a.mov", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "MJPG"), ("a.wmv", "WMV2")]
)
def test_a_whole_video_misses_nothing_and_a_cut_one_what_was_cut(tmp_path: Path, name: str, codec: str) -> None:
    path = drawn(tmp_path / name, codec)
    whole = path.read_bytes()
    assert missing_bytes(path) == 0
    for cut in (1, len(whole) // 3):
        path.write_bytes(whole[:-cut])
        assert missing_bytes(path) == cut


@pytest.mark.parametrize("name", ["a.ogv", "a.flv", "a.ts", "a.mpg"])
def test_a_container_that_states_no_length_misses_nothing(tmp_path: Path, name: str) -> None:
    path = drawn(tmp_path / name, {"a.ogv": "THEO", "a.flv": "FLV1"}.get(name, "mpg2"))
    if path.exists():  # OpenCV's FFmpeg may lack that encoder
        path.write_bytes(path.read_bytes()[:-100])
        assert missing_bytes(path) == 0


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"RIFF",
        b"\0\0\0\x08free" * 5,
        b"\0\0\0\0ftyp",
        b"\0\0\0\x01mdat\xff",
        b"\x1a\x45\xdf\xa3",
        b"\x1a\x45\xdf\xa3\x00" * 20,
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + 7 * b"\xff",
        bytes.fromhex("3026b275"),
        b"OggS" * 30,
    ],
)
def test_headers_without_sense_are_no_error(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "v").write_bytes(head)
    assert missing_bytes(tmp_path / "v") < 2**64


def test_boxes_without_end_are_looked_at_for_a_moment_only(tmp_path: Path) -> None:
    with (tmp_path / "v").open("wb") as file:
        file.write(b"\0\0\0\x08free" * 400_000)
    assert missing_bytes(tmp_path / "v") == 0
