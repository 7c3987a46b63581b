"""Read a video frame by frame. It is decoded in a guarded process of its own (video_process.py).

What that process sends is checked (decoder_messages.py).
What comes out: upright frames, RGB, each with its second by the container's timestamps, which always grow.
"""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from storage.errors import InputError
from workers.faces.decode.decoder_messages import (
    MOST_MESSAGE_BYTES,
    DecoderNonsense,
    DecodingEnd,
    FrameHead,
    VideoDescription,
    frame_head,
    frame_pixels,
    video_description,
)
from workers.faces.decode.video_process import LOG_BYTES, VideoSource, decode_video
from workers.faces.photo import Pixels

SECONDS_PER_FRAME = 60.0
"""A frame takes milliseconds; a decoder that says nothing for so long hangs."""

USUAL_RATE = 25.0
"""Frames per second where the video does not state its own."""

_FFMPEG_ERROR = re.compile(rb"^\[[a-z0-9_,]+ @ 0x[0-9a-f]+\] ", re.MULTILINE)


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        second: from the first frame, by the container's timestamps; of a camera or stream, by this machine's clock.
        rgb: (height, width, 3) uint8, upright.
    """

    second: float
    rgb: Pixels


class VideoReader:
    """A video that is open; use it as a context manager.

    Args:
        source: of the frames.
        name: of the video, as errors call it.
        most_pixels: of a frame.

    Raises:
        InputError: it cannot be opened, or its frames are too large.

    Attributes:
        rate: frames per second as the container states them, on the average.
        stated_frames: as the container states them; 0 where it does not. Often only an estimate.
        starts_at: timestamp of the first frame in seconds, known when that is read; sound may begin earlier.
    """

    def __init__(self, source: VideoSource, name: str, most_pixels: int) -> None:
        self._name = name
        self._live = source.live
        self._most_pixels = most_pixels
        self._log = tempfile.NamedTemporaryFile(prefix="lineup-")  # noqa: SIM115 - deleted by `close`
        context = multiprocessing.get_context("spawn")  # OpenCV's threads do not survive a fork
        self._pipe, far_end = context.Pipe(duplex=False)
        self._process = context.Process(
            target=decode_video, args=(source, far_end, self._log.name, most_pixels), daemon=True
        )
        self._process.start()
        far_end.close()
        self.starts_at = 0.0
        try:
            described = self._described()
            self._check(described, source, most_pixels)
        except BaseException:
            self.close()
            raise
        self.rate = described.rate if 0 < described.rate < 1000 else USUAL_RATE
        self.stated_frames = described.frames

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process; may be called again."""
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._log.close()

    def frames(self) -> Iterator[Frame]:
        """The frames in order, once.

        Raises:
            InputError: none can be decoded, they became too large, or the decoder ended, hangs or sends nonsense.
        """
        first: float | None = None
        last = -1.0 / self.rate
        count = 0
        for head, rgb in self._decoded():
            first = head.second if first is None and self._live else first or 0.0
            second = head.second - first
            if second <= last:  # a container without timestamps says 0 for each
                second = last + 1 / self.rate
            if not count:
                self.starts_at = head.tick / self.rate
            yield Frame(second, rgb)
            last = second
            count += 1
        if not count:
            raise InputError(f"no frame of {self._name} can be decoded", "Convert it, for example with ffmpeg")

    @property
    def damage(self) -> int:
        """Errors that the decoder has reported so far: pictures may be incomplete."""
        self._log.seek(0)
        return len(_FFMPEG_ERROR.findall(self._log.read(LOG_BYTES)))

    def _check(self, described: VideoDescription, source: VideoSource, most_pixels: int) -> None:
        if not described.opened:
            if source.address:
                raise InputError(f"{self._name} cannot be opened", "Check the address, and whether it can be reached")
            if not source.path:
                raise InputError(f"{self._name} cannot be opened", "Another program may use it, or it is not there")
            raise InputError(
                f"{self._name} has no pictures that can be decoded",
                "It may hold sound only, or be damaged; convert it, for example with ffmpeg",
            )
        size = f"{described.width} x {described.height}"
        if described.width * described.height > most_pixels:
            raise InputError(f"{self._name} has frames of {size} pixels", "Convert it to a smaller size")

    def _described(self) -> VideoDescription:
        try:
            found = video_description(self._received(MOST_MESSAGE_BYTES))
        except DecoderNonsense:
            raise self._nonsense() from None
        if isinstance(found, DecodingEnd):
            raise self._undecodable(found)
        return found

    def _decoded(self) -> Iterator[tuple[FrameHead, Pixels]]:
        while True:
            try:
                head = frame_head(self._received(MOST_MESSAGE_BYTES), self._most_pixels)
                if not isinstance(head, DecodingEnd):
                    rgb = frame_pixels(self._received(head.bytes), head)
            except DecoderNonsense:
                raise self._nonsense() from None
            if isinstance(head, DecodingEnd):
                if head.error:
                    raise self._undecodable(head)
                return
            yield head, rgb

    def _undecodable(self, end: DecodingEnd) -> InputError:
        return InputError(f"{self._name} cannot be decoded: {end.error}", "Convert it to a smaller size")

    def _nonsense(self) -> InputError:
        return InputError(f"the decoder of {self._name} sent what is no frame", "It is damaged, or made to do harm")

    def _hangs(self) -> InputError:
        return InputError(
            f"the decoder of {self._name} said nothing for {SECONDS_PER_FRAME:.0f} s", "Convert the video"
        )

    def _received(self, most_bytes: int) -> bytes:
        """The next message; raises DecoderNonsense where it is longer."""
        is_late = threading.Event()

        def end_it() -> None:
            is_late.set()
            self._process.kill()

        ending = threading.Timer(SECONDS_PER_FRAME, end_it)  # a message may also stop in its midst
        ending.daemon = True
        try:
            if not self._pipe.poll(SECONDS_PER_FRAME):
                raise self._hangs()
            ending.start()
            return self._pipe.recv_bytes(most_bytes)
        except (EOFError, OSError) as error:
            if self._pipe.closed:  # recv_bytes closes it where a message is too long, and only then
                raise DecoderNonsense from error
            if is_late.is_set():
                raise self._hangs() from None
            # the end of the file between two messages, or in the midst of one
            raise InputError(f"the decoder of {self._name} died", "It is damaged, or needs too much memory") from None
        finally:
            ending.cancel()
