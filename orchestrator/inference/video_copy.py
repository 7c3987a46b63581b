"""Write an annotated copy of a video: MPEG-4 pictures by OpenCV, and the sound where the program ffmpeg is installed.

OpenCV's FFmpeg has no encoder of H.264. The copy has a constant rate: a frame is repeated until the next one is due.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from storage.errors import InputError, StoreError
from storage.outputs import OutputLedger
from workers.faces.decode.video_limits import DEMUXERS
from workers.faces.decode.video_process import MEMORY_BYTES
from workers.faces.photo import Pixels

MOST_RATE = 120.0
"""Frames per second of a copy."""

SAME_RATE = 0.02
"""A rate by the timestamps that differs by a smaller share is the one that the container states."""

KEPT, NONE = "kept", "the video has none"
"""What became of the sound; anything else says why it is not in the copy."""

LEAST_SOUND_SECONDS = 60
"""Time that copying the sound may take; longer for a long video."""


class VideoCopy:
    """A copy under a temporary name until `finish`; use it as a context manager.

    Args:
        out: its name ends in .mp4.
        rate: frames per second.
    """

    def __init__(self, out: Path, rate: float) -> None:
        self._out = out
        self._rate = rate
        self._unfinished = out.with_name(f".{uuid.uuid4().hex}.mp4")
        self._writer: Any = None
        self._pending: tuple[int, Pixels] | None = None
        self._written = 0

    def __enter__(self) -> VideoCopy:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer:
            self._writer.release()
        self._unfinished.unlink(missing_ok=True)

    def write(self, second: float, rgb: Pixels) -> None:
        """Show a frame, (height, width, 3) uint8 RGB, from that second on; raises StoreError."""
        slot = round(second * self._rate)
        if self._pending:
            self._repeat(self._pending[1], slot - self._pending[0])
        self._pending = slot, rgb

    def finish(self, video: Path, starts_at: float, outputs: OutputLedger, people: Sequence[str]) -> str:
        """Put the copy in its place.

        Args:
            video: whose sound is taken.
            starts_at: the timestamp of its first frame in seconds.
            outputs: the ledger of what Lineup wrote; a file that is not in it is not replaced.
            people: whose names are in the copy.

        Returns:
            KEPT, NONE, or why the sound is not in the copy.

        Raises:
            OutputExists: something that must not be replaced has taken its place meanwhile.
            StoreError: the copy cannot be written.
        """
        if self._pending:
            self._repeat(self._pending[1], 1)
        self._writer.release()
        if _frames_in(self._unfinished) < self._written:  # OpenCV does not report a full disk
            raise StoreError(f"{self._out} cannot be written", "Free space on its disk")
        with _sounding(self._unfinished, video, starts_at, self._written / self._rate) as (sound, copy):
            outputs.place(copy, self._out, people)
        return sound

    def _repeat(self, rgb: Pixels, times: int) -> None:
        import cv2

        if self._writer is None:  # the copy's size is the first frame's
            self._writer = cv2.VideoWriter()
            size = (rgb.shape[1], rgb.shape[0])
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            if not self._writer.open(str(self._unfinished.absolute()), codec, self._rate, size):
                raise StoreError(f"{self._out} cannot be written", "Fix the folder's permissions or name another")
        frame = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        for _ in range(times):
            self._writer.write(frame)
        self._written += times


def copy_rate(seconds: Sequence[float], stated: float) -> float:
    """The rate at which no frame of a video with these timestamps is lost, but for rare ones that come closer.

    >>> copy_rate([0.0, 0.1, 0.2, 0.3], 9.99)
    9.99
    >>> copy_rate([0.0, 1.0, 2.0, 2.05, 2.1, 2.15], 3.0)
    20.0
    """
    steps = np.diff(seconds)
    if not len(steps):
        return stated
    rate = float(1 / np.percentile(steps, 10))
    return stated if abs(rate / stated - 1) <= SAME_RATE else min(round(rate, 3), MOST_RATE)


def check_video_copy(out: Path, video: Path | None = None) -> None:
    """Check before the work that the copy can be written after it; raises InputError."""
    if out.suffix.lower() != ".mp4":
        raise InputError(f"{out} does not end in .mp4", "A video's copy is written as MP4")
    if video and out.resolve() == video.resolve():
        raise InputError(f"{out} is the video itself", "Name another file")
    try:
        usable = out.absolute().parent.is_dir() and not out.is_dir()
    except OSError:  # such as a name that is too long
        usable = False
    if not usable:
        raise InputError(f"{out} cannot be a file", "Name another, in a folder that is there")


@contextlib.contextmanager
def _sounding(silent: Path, video: Path, starts_at: float, seconds: float) -> Iterator[tuple[str, Path]]:
    """What became of the sound, and the file to use: a new one beside `silent`, or `silent` itself."""
    program = shutil.which("ffmpeg")
    if not program or not Path(program).is_absolute():
        yield "ffmpeg is not installed", silent
        return
    joined = silent.with_name(f".{uuid.uuid4().hex}.mp4")
    try:
        said = ""
        for codec in ("copy", "aac"):  # what MP4 cannot hold is encoded anew
            said = _join(program, silent, video, starts_at, codec, joined, LEAST_SOUND_SECONDS + seconds)
            if not said:
                yield KEPT, joined
                return
        yield (NONE if "matches no streams" in said else f"ffmpeg says: {said.splitlines()[-1]}"), silent
    finally:
        joined.unlink(missing_ok=True)


def _join(program: str, silent: Path, video: Path, starts_at: float, codec: str, joined: Path, seconds: float) -> str:
    """Write the pictures of one file with the sound of another; returns ffmpeg's errors, empty where it worked."""
    formats = ("-protocol_whitelist", "file", "-format_whitelist", ",".join(DEMUXERS))
    command = (
        *(program, "-nostdin", "-v", "error", "-y", "-copyts"),
        *("-itsoffset", f"{starts_at:.6f}", *formats, "-i", f"file:{silent.absolute()}"),
        *(*formats, "-i", f"file:{video.absolute()}", "-map", "0:v:0", "-map", "1:a:0"),
        *("-c:v", "copy", "-c:a", codec, "-avoid_negative_ts", "make_zero", "-f", "mp4", f"file:{joined.absolute()}"),
    )
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and names are arguments of options
            command, capture_output=True, timeout=seconds, check=False, preexec_fn=_limit_memory, cwd=os.sep
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}"
    return "" if done.returncode == 0 else done.stderr.decode(errors="replace").strip() or f"exit {done.returncode}"


def _limit_memory() -> None:
    with contextlib.suppress(ValueError, OSError):  # a lower limit of the user's stays; macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _frames_in(path: Path) -> int:
    """Number of frames of a copy; 0 where it cannot be opened."""
    import cv2

    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    try:
        return int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()
