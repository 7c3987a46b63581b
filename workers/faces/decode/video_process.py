"""The process that decodes one video: what FFmpeg reads stays in here, under limits of memory and files.

    described ▶ frame ▶ frame ▶ … ▶ end        each message is a JSON object; a frame's pixels follow it

It ends when the last frame is sent, and with its parent, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from workers.faces.decode.reader_process import die_with
from workers.faces.decode.video_limits import restrict_ffmpeg, restrict_ffmpeg_to_streams

MEMORY_BYTES = 4_000_000_000
"""Of address space: OpenCV's libraries take 1 GB of it, a decoder of 8K frames another."""

OPEN_FILES = 64
LOG_BYTES = 1_000_000
"""The most that FFmpeg can write about a file that is damaged everywhere."""


@dataclass(frozen=True)
class VideoSource:
    """What to decode: one of the three.

    Attributes:
        path: of a file, absolute.
        address: of a stream, such as rtsp://HOST/NAME.
        camera: the number of a camera, from 0.
    """

    path: str = ""
    address: str = ""
    camera: int = 0

    @property
    def live(self) -> bool:
        """Whether frames come in their own time, which a clock tells and not the container."""
        return not self.path


def decode_video(source: VideoSource, to: Connection, log: str, most_pixels: int) -> None:
    """Send the frames of a video, as (height, width, 3) uint8 RGB, upright, each with its second.

    Args:
        log: existing file that takes FFmpeg's messages.
        most_pixels: of a frame; a video of larger ones is described, and no frame is sent.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with(parent.pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)
    import cv2

    _limit()
    try:
        _send_all(_opened(cv2, source), cv2, to, most_pixels, live=source.live)
    except (BrokenPipeError, ConnectionResetError):  # the parent needs no more frames
        return
    except (MemoryError, cv2.error) as error:
        _send(to, error=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, LOG_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _opened(cv2: Any, source: VideoSource) -> Any:
    # FFmpeg alone: another backend would take a name for a device or a sequence of pictures
    if source.path:
        restrict_ffmpeg()
        return cv2.VideoCapture(source.path, cv2.CAP_FFMPEG)
    if source.address:
        restrict_ffmpeg_to_streams()
        return cv2.VideoCapture(source.address, cv2.CAP_FFMPEG)
    return cv2.VideoCapture(source.camera)


def _send_all(capture: Any, cv2: Any, to: Connection, most_pixels: int, live: bool) -> None:
    width, height = (capture.get(what) for what in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    _send(
        to,
        opened=bool(capture.isOpened()),
        width=int(width),
        height=int(height),
        frames=int(capture.get(cv2.CAP_PROP_FRAME_COUNT)),
        rate=float(capture.get(cv2.CAP_PROP_FPS)),
    )
    while width * height <= most_pixels:
        more, frame = capture.read()
        if not more:
            break
        height, width = frame.shape[:2]  # it may change in the midst of a stream
        if width * height > most_pixels:
            _send(to, error=f"a frame has {width} x {height} pixels")
            return
        second = time.monotonic() if live else capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        _send(to, second=second, tick=capture.get(cv2.CAP_PROP_PTS), width=width, height=height)
        to.send_bytes(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).ravel().data)
    capture.release()
    _send(to, end=True)


def _send(to: Connection, **message: object) -> None:
    to.send_bytes(json.dumps(message).encode())
