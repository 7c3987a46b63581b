"""FFmpeg opens local videos and nothing else."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workers.faces.decode.video_limits import OPTIONS_VARIABLE, restrict_ffmpeg


def is_opened(name: str) -> bool:
    import cv2

    capture = cv2.VideoCapture(name, cv2.CAP_FFMPEG)
    try:
        return bool(capture.isOpened())
    finally:
        capture.release()


@pytest.fixture
def address() -> Iterator[tuple[str, list[str]]]:
    """An address, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/1.ts", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def restricted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, OPTIONS_VARIABLE, "")
    restrict_ffmpeg()


def test_an_address_is_fetched_without_the_limits_and_not_with_them(
    address: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, asked = address
    monkeypatch.delenv(OPTIONS_VARIABLE, raising=False)
    is_opened(url)
    assert asked == ["/1.ts"]
    restrict_ffmpeg()
    asked.clear()
    assert not is_opened(url)
    assert asked == []


@pytest.mark.usefixtures("restricted")
@pytest.mark.parametrize("name", ["a.jpg", "a.m3u8", "a.mp4", "a.ffconcat"])
def test_a_playlist_is_not_opened_whatever_its_name(tmp_path: Path, address: tuple[str, list[str]], name: str) -> None:
    url, asked = address
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {url}\n",
    ):
        (tmp_path / name).write_text(text)
        assert not is_opened(str(tmp_path / name))
    assert asked == []


@pytest.mark.usefixtures("restricted")
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "MJPG"), ("a.webm", "VP80")]
)
def test_videos_are_still_opened(tmp_path: Path, name: str, codec: str) -> None:
    import cv2

    writer = cv2.VideoWriter(str(tmp_path / name), cv2.VideoWriter.fourcc(*codec), 10, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    assert is_opened(str(tmp_path / name))
