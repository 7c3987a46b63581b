"""Content says whether a file is a video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.inference.media_type import is_video


def write_video(path: Path, codec: str) -> None:
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "MJPG"), ("a.mov", "mp4v"), ("a.webm", "VP80")]
)
def test_a_video_is_one_under_any_name(tmp_path: Path, name: str, codec: str) -> None:
    write_video(tmp_path / name, codec)
    disguised = (tmp_path / name).rename(tmp_path / "holiday.jpg")
    assert is_video(disguised)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp", "a.avif", "a.tiff", "a.bmp"])
def test_a_photo_is_no_video_under_any_name(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / name)
    assert not is_video((tmp_path / name).rename(tmp_path / "clip.mp4"))


@pytest.mark.parametrize("text", ["", "#EXTM3U\n/etc/passwd", "ffconcat version 1.0\nfile /etc/passwd", "<svg/>"])
def test_text_never_reaches_the_video_decoder(tmp_path: Path, text: str) -> None:
    (tmp_path / "clip.mp4").write_text(text)
    assert not is_video(tmp_path / "clip.mp4")


def test_a_missing_file_is_no_video(tmp_path: Path) -> None:
    assert not is_video(tmp_path / "clip.mp4")
    assert not is_video(tmp_path)
