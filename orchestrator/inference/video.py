"""Name every face in every frame of a video, and write an annotated copy.

OpenCV (FFmpeg) decodes and encodes. The copy is MPEG-4 without sound, because the wheel has no H.264 encoder.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.inference.annotate import Palette, draw
from orchestrator.inference.photos import NamedFace, name_faces
from storage.engine_settings import Limits
from storage.errors import InputError, StoreError
from workers.faces.decode.video_limits import restrict_ffmpeg
from workers.faces.engine import FaceEngine
from workers.faces.photo import Pixels
from workers.recognition.recogniser import Recogniser

USUAL_RATE = 25.0
"""Frames per second of a copy where the video does not state its own."""


@dataclass(frozen=True)
class FrameAnswer:
    """The answer for one frame.

    Attributes:
        number: from 0.
        second: from the start of the video, by its frame rate.
    """

    number: int
    second: float
    faces: tuple[NamedFace, ...]


@dataclass(frozen=True)
class VideoAnswer:
    """The answer for a video.

    Attributes:
        expected: number of frames that the container states; more than `frames` where the file is cut short.
        rate: frames per second of the video.
        seconds: wall time, decoding and writing included.
        copy: the annotated copy, if one was asked for.
    """

    path: Path
    frames: tuple[FrameAnswer, ...]
    expected: int
    rate: float
    seconds: float
    copy: Path | None

    @property
    def frames_per_second(self) -> float:
        """Frames processed per second of wall time."""
        return len(self.frames) / self.seconds


class Interrupted(Exception):
    """`on_frame` asked to stop; no copy is left."""


def identify_video(
    path: Path,
    engine: FaceEngine,
    recogniser: Recogniser,
    out: Path | None = None,
    on_frame: Callable[[int, int], bool] | None = None,
) -> VideoAnswer:
    """Name the faces in every frame.

    Args:
        out: the copy to write, atomically; its name ends in .mp4.
        on_frame: called with (done, expected) after each frame; the work stops if it returns False.

    Raises:
        InputError: no frame can be decoded, or `out` is the video itself or does not end in .mp4.
        StoreError: the copy cannot be written.
        Interrupted: `on_frame` returned False.
    """
    if out:
        _check_copy(out, path)
    palette = Palette(recogniser.model.labels)
    began = time.perf_counter()
    frames: list[FrameAnswer] = []
    with _opened(path, engine.settings.limits) as video, _writer(out, video.rate) as write:
        for number, rgb in enumerate(video.pictures()):
            faces = name_faces(rgb, engine, recogniser)
            frames.append(FrameAnswer(number, number / video.rate, faces))
            write(draw(rgb, [palette.tag(face.box, face.named.name, face.named.likeness) for face in faces]))
            if on_frame and not on_frame(len(frames), max(video.expected, len(frames))):
                raise Interrupted
        if not frames:
            raise InputError(f"no frame of {path} can be decoded", "Convert it, for example with ffmpeg")
    return VideoAnswer(path, tuple(frames), video.expected, video.rate, time.perf_counter() - began, out)


@dataclass(frozen=True)
class _Video:
    capture: Any
    expected: int
    rate: float

    def pictures(self) -> Iterator[Pixels]:
        """Frames as (height, width, 3) uint8 RGB, upright."""
        import cv2

        while True:
            more, frame = self.capture.read()
            if not more:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


@contextlib.contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[_Video]:
    import cv2

    # an absolute path and FFmpeg alone: a name then cannot mean a protocol, a device or a sequence of pictures
    restrict_ffmpeg()
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    try:
        width, height, expected, rate = (
            capture.get(what)
            for what in (
                cv2.CAP_PROP_FRAME_WIDTH,
                cv2.CAP_PROP_FRAME_HEIGHT,
                cv2.CAP_PROP_FRAME_COUNT,
                cv2.CAP_PROP_FPS,
            )
        )
        if width * height > limits.pixels:
            raise InputError(f"{path} has frames of {width:.0f} x {height:.0f} pixels", "Convert it to a smaller size")
        yield _Video(capture, max(0, int(expected)), rate if 0 < rate < 1000 else USUAL_RATE)
    finally:
        capture.release()


@contextlib.contextmanager
def _writer(out: Path | None, rate: float) -> Iterator[Callable[[Pixels], None]]:
    """A function that appends a frame to a temporary file, which is renamed to `out` after the last one."""
    if out is None:
        yield lambda _: None
        return
    import cv2

    unfinished = out.with_name(f".{uuid.uuid4().hex}.mp4")
    writer = cv2.VideoWriter()
    written = 0

    def write(rgb: Pixels) -> None:
        nonlocal written
        if not written:  # the copy's size is the first frame's
            size = (rgb.shape[1], rgb.shape[0])
            if not writer.open(str(unfinished.absolute()), cv2.VideoWriter.fourcc(*"mp4v"), rate, size):
                raise StoreError(f"{out} cannot be written", "Fix the folder's permissions or name another")
        writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        written += 1

    try:
        yield write
        writer.release()
        if _frames_in(unfinished) < written:  # OpenCV does not report a full disk
            raise StoreError(f"{out} cannot be written", "Free space on its disk")
        unfinished.replace(out)
    except OSError as fault:
        raise StoreError(f"{out} cannot be written: {fault.strerror}", "Name another file") from fault
    finally:
        writer.release()
        unfinished.unlink(missing_ok=True)


def _frames_in(path: Path) -> int:
    """Number of frames of a video file; 0 where it cannot be opened."""
    import cv2

    restrict_ffmpeg()
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    try:
        return int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()


def _check_copy(out: Path, video: Path) -> None:
    """Check before the work that the copy can be written after it; raises InputError."""
    if out.suffix.lower() != ".mp4":
        raise InputError(f"{out} does not end in .mp4", "A video's copy is written as MP4")
    if out.resolve() == video.resolve():
        raise InputError(f"{out} is the video itself", "Name another file")
    try:
        usable = out.absolute().parent.is_dir() and not out.is_dir()
    except OSError:  # such as a name that is too long
        usable = False
    if not usable:
        raise InputError(f"{out} cannot be a file", "Name another, in a folder that is there")
