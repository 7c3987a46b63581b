"""Check what the process that decodes a video sends: the video may have taken it over.

After it: numbers are finite, sizes in their ranges, texts short and printable, and a frame has the bytes of its size.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import numpy as np

from storage.printable import printable
from workers.faces.decode.reader_answers import NONSENSE
from workers.faces.photo import Pixels

MOST_MESSAGE_BYTES = 4_000
"""The longest message is an error of some 200 characters."""

MOST_REASON = 300
"""Characters of an error."""

MOST_STATED_FRAMES = 1 << 40


class DecoderNonsense(Exception):
    """What was sent is no message of the decoder's."""


class VideoDescription(NamedTuple):
    """What is sent before the frames; size, number and rate of frames are as the container states them.

    Attributes:
        frames, rate: 0 where it does not state them.
    """

    opened: bool
    width: int
    height: int
    frames: int
    rate: float


class FrameHead(NamedTuple):
    """What is sent before the pixels of a frame: its timestamp in seconds and in frames, and its size."""

    second: float
    tick: float
    width: int
    height: int

    @property
    def bytes(self) -> int:
        """Of its pixels."""
        return self.width * self.height * 3


class DecodingEnd(NamedTuple):
    """What is sent instead of a further frame; `error` is empty at the end of the video."""

    error: str


def video_description(data: bytes) -> VideoDescription | DecodingEnd:
    """The first message; raises DecoderNonsense."""
    try:
        message = _message(data)
        if "error" in message:
            return _error(message)
        width, height, frames = (max(0, _integer(message[name])) for name in ("width", "height", "frames"))
        rate = _finite(message["rate"])
        return VideoDescription(message["opened"] is True, width, height, min(frames, MOST_STATED_FRAMES), rate)
    except NONSENSE as error:
        raise DecoderNonsense from error


def frame_head(data: bytes, most_pixels: int) -> FrameHead | DecodingEnd:
    """A later message; raises DecoderNonsense, also where a frame has no or more than `most_pixels` pixels."""
    try:
        message = _message(data)
        if "error" in message:
            return _error(message)
        if "end" in message:
            return DecodingEnd("")
        width, height = _integer(message["width"]), _integer(message["height"])
        if min(width, height) < 1 or width * height > most_pixels:
            raise DecoderNonsense
        return FrameHead(_finite(message["second"]), _finite(message["tick"]), width, height)
    except NONSENSE as error:
        raise DecoderNonsense from error


def frame_pixels(data: bytes, head: FrameHead) -> Pixels:
    """The pixels of a frame, (height, width, 3) uint8, read-only; raises DecoderNonsense."""
    if len(data) != head.bytes:
        raise DecoderNonsense
    return np.frombuffer(data, np.uint8).reshape(head.height, head.width, 3)


def _message(data: bytes) -> dict[str, Any]:
    message = json.loads(data)
    if not isinstance(message, dict):
        raise TypeError
    return message


def _error(message: dict[str, Any]) -> DecodingEnd:
    return DecodingEnd(printable(str(message["error"]))[:MOST_REASON] or "an error without words")


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _finite(value: object) -> float:
    if type(value) not in (int, float):
        raise TypeError
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError
    return number
