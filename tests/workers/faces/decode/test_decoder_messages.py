"""A process that a video has taken over can send anything: what is no message is an error, and takes no memory."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np
import pytest

from storage.errors import InputError
from workers.faces.decode import read_video
from workers.faces.decode.decoder_messages import (
    MOST_REASON,
    DecoderNonsense,
    DecodingEnd,
    FrameHead,
    VideoDescription,
    frame_head,
    frame_pixels,
    video_description,
)
from workers.faces.decode.read_video import VideoReader
from workers.faces.decode.video_process import VideoSource

PIXELS = 10_000
DESCRIBED = {"opened": True, "width": 4, "height": 2, "frames": 1, "rate": 10.0}
HEAD = {"second": 0.0, "tick": 0.0, "width": 4, "height": 2}


def as_message(message: object) -> bytes:
    return json.dumps(message).encode()


def test_messages_come_through() -> None:
    assert video_description(as_message(DESCRIBED)) == VideoDescription(True, 4, 2, 1, 10.0)
    assert video_description(as_message({**DESCRIBED, "frames": -(2**63)})) == VideoDescription(True, 4, 2, 0, 10.0)
    head = frame_head(as_message(HEAD), PIXELS)
    assert head == FrameHead(0.0, 0.0, 4, 2)
    assert frame_pixels(bytes(range(24)), head).tolist() == np.arange(24).reshape(2, 4, 3).tolist()
    assert frame_head(as_message({"end": True}), PIXELS) == DecodingEnd("")


def test_an_error_is_short_and_printable() -> None:
    for parse in (video_description, lambda data: frame_head(data, PIXELS)):
        assert parse(as_message({"error": "no\x1b[31m"})) == DecodingEnd("no\\x1b[31m")
        found = parse(as_message({"error": ["x" * 3_000]}))
        assert isinstance(found, DecodingEnd)
        assert len(found.error) == MOST_REASON


NONSENSE = [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 4_000, b'{"end": tru']


@pytest.mark.parametrize("data", NONSENSE)
def test_what_is_no_message_is_nonsense(data: bytes) -> None:
    for parse in (video_description, lambda data: frame_head(data, PIXELS)):
        with pytest.raises(DecoderNonsense):
            parse(data)


@pytest.mark.parametrize(
    "changed",
    [
        {"width": 0},
        {"height": -2},
        {"width": -4, "height": -2},
        {"width": 4.0},
        {"width": "4"},
        {"width": True},
        {"width": PIXELS, "height": 2},
        {"width": 1 << 62, "height": 1 << 62},
        {"second": float("nan")},
        {"second": None},
        {"second": 10**400},
        {"tick": float("inf")},
    ],
)
def test_a_frame_with_impossible_numbers_is_nonsense(changed: dict[str, object]) -> None:
    with pytest.raises(DecoderNonsense):
        frame_head(as_message({**HEAD, **changed}), PIXELS)


def lie_about_the_length(to: Connection) -> None:
    to.send_bytes(as_message({**DESCRIBED}))
    to._send(struct.pack("!iQ", -1, 1 << 40))  # type: ignore[attr-defined]


def send(*messages: bytes) -> Callable[[Connection], None]:
    def lie(to: Connection) -> None:
        for message in messages:
            to.send_bytes(message)

    return lie


def stop_in_the_midst(to: Connection) -> None:
    import time

    to.send_bytes(as_message(DESCRIBED))
    to._send(struct.pack("!i", 100))  # type: ignore[attr-defined]
    time.sleep(60)


def end_in_the_midst(to: Connection) -> None:
    to.send_bytes(as_message(DESCRIBED))
    to._send(struct.pack("!i", 100) + b"{")  # type: ignore[attr-defined]


LIES: dict[str, tuple[Callable[[Connection], None], str]] = {
    "a terabyte": (lie_about_the_length, "sent what is no frame"),
    "stops in the midst": (stop_in_the_midst, "said nothing for"),
    "ends in the midst": (end_in_the_midst, "died"),
    "a long description": (send(b" " * 5_000 + as_message(DESCRIBED)), "sent what is no frame"),
    "no JSON": (send(b"\0"), "sent what is no frame"),
    "a list": (send(as_message(DESCRIBED), b"[]"), "sent what is no frame"),
    "too few pixels": (send(as_message(DESCRIBED), as_message(HEAD), bytes(23)), "sent what is no frame"),
    "too many pixels": (send(as_message(DESCRIBED), as_message(HEAD), bytes(25)), "sent what is no frame"),
    "larger frames": (send(as_message(DESCRIBED), as_message({**HEAD, "width": PIXELS})), "sent what is no frame"),
    "an endless error": (send(as_message({"error": "x" * 3_900})), "cannot be decoded: x{300}[.]"),
}


def lie(source: VideoSource, to: Connection, _log: str, _most_pixels: int) -> None:
    """Stands in the place of `decode_video`, in the same process."""
    LIES[source.path][0](to)


@pytest.mark.parametrize("name", LIES)
def test_a_process_that_lies_is_an_error_of_its_video(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_video, "decode_video", lie)
    monkeypatch.setattr(read_video, "SECONDS_PER_FRAME", 4)
    with pytest.raises(InputError, match=LIES[name][1]), VideoReader(VideoSource(name), "a.mp4", PIXELS) as video:
        list(video.frames())
