"""Name the faces of a video: find them some times a second, follow them between, and let each track vote once.

read ▶ follow ▶ detect and name ▶ tracks ▶ the annotated copy, which reads the video a second time
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.inference.annotate import Palette, draw
from orchestrator.inference.follow_boxes import BoxFollower
from orchestrator.inference.photos import NamedFace
from orchestrator.inference.tracks import Appearance, Sighting, Track, Tracker, appearances
from orchestrator.inference.video_copy import VideoCopy, check_video_copy, copy_rate
from storage.outputs import OutputLedger
from workers.faces.decode.read_video import VideoReader
from workers.faces.decode.video_length import missing_bytes
from workers.faces.decode.video_process import VideoSource
from workers.faces.detect.boxes import Box
from workers.faces.engine import FaceEngine
from workers.faces.photo import Pixels
from workers.recognition.encoder_scales import scale_of
from workers.recognition.recogniser import Recogniser

DETECT_SECONDS = 0.16
"""At least so long between two detections of a scene: every fifth frame of 30 a second. Optical flow bridges that."""

FARTHEST_WIDTHS = 5
"""A face in the place of a track is another person's when it is so many widths of its encoder's scale farther away than
the centre: the embeddings of one face in motion, blurred and in profile, stay within."""

Progress = Callable[[str, int, int], bool]
"""Called with (stage, done, expected) after each frame, where the stage is "video" or "copy"; False stops the work."""


@dataclass(frozen=True)
class FrameAnswer:
    """The answer for one frame.

    Attributes:
        number: from 0.
        second: from the first frame, by the video's timestamps.
        faces: those in sight, named by their tracks.
        tracks: their numbers.
    """

    number: int
    second: float
    faces: tuple[NamedFace, ...]
    tracks: tuple[int, ...]


@dataclass(frozen=True)
class VideoAnswer:
    """The answer for a video.

    Attributes:
        tracks: each face over the frames in which it is in sight.
        appearances: who is in sight from when to when.
        rate: frames per second that the container states.
        missing: bytes that the container promises and the file does not have: it is cut short.
        damage: errors that the decoder reported.
        seconds: wall time, decoding and writing included.
        copy: the annotated copy, if one was asked for.
        sound: what became of the sound in it (`video_copy`); empty without a copy.
    """

    path: Path
    frames: tuple[FrameAnswer, ...]
    tracks: tuple[Track, ...]
    appearances: tuple[Appearance, ...]
    rate: float
    missing: int
    damage: int
    seconds: float
    copy: Path | None = None
    sound: str = ""

    @property
    def frames_per_second(self) -> float:
        """Frames processed per second of wall time."""
        return len(self.frames) / self.seconds


class Interrupted(Exception):
    """The caller asked to stop; no copy is left."""


def identify_video(
    path: Path,
    engine: FaceEngine,
    recogniser: Recogniser,
    out: Path | None = None,
    progress: Progress = lambda *_: True,
    outputs: OutputLedger | None = None,
) -> VideoAnswer:
    """Name the faces of a video.

    Args:
        out: the copy to write, atomically; its name ends in .mp4.
        outputs: the ledger of what Lineup wrote; without one, no file is replaced at all.

    Raises:
        InputError: no frame can be decoded, or `out` is the video itself or does not end in .mp4.
        StoreError: the copy cannot be written.
        Interrupted: `progress` returned False.
    """
    if out:
        check_video_copy(out, path)
    began = time.perf_counter()
    missing = missing_bytes(path)
    with _reader(path, engine) as video:
        seconds, tracks = _watch(video, engine, recogniser, progress)
        rate, starts_at, damage = video.rate, video.starts_at, video.damage
    answer = VideoAnswer(
        path,
        _frames(seconds, tracks),
        tuple(tracks),
        tuple(appearances(tracks, seconds)),
        rate,
        missing,
        damage,
        time.perf_counter() - began,
    )
    if not out:
        return answer
    palette = Palette(recogniser.model.labels)
    with _reader(path, engine) as video, VideoCopy(out, copy_rate(seconds, rate)) as copy:
        _draw_frames(video, answer, palette, copy, progress)
        people = [track.named.name for track in tracks]
        sound = copy.finish(path, starts_at, outputs or OutputLedger(None), people)
    return replace(answer, seconds=time.perf_counter() - began, copy=out, sound=sound)


def _draw_frames(
    video: VideoReader, answer: VideoAnswer, palette: Palette, copy: VideoCopy, progress: Progress
) -> None:
    for frame, told in zip(video.frames(), answer.frames, strict=False):
        tags = [palette.tag(face.box, face.named.name, face.named.likeness) for face in told.faces]
        copy.write(told.second, draw(frame.rgb, tags))
        if not progress("copy", told.number + 1, len(answer.frames)):
            raise Interrupted


def _sightings(rgb: Pixels, engine: FaceEngine, recogniser: Recogniser) -> list[Sighting]:
    """Every face of a frame, (height, width, 3) uint8 RGB, named by itself."""
    faces = engine.encode_pixels(rgb, recogniser.others)
    return [
        Sighting(Box(face.left, face.top, face.right, face.bottom), named, face.embedding)
        for face, named in zip(faces, recogniser.name(faces), strict=True)
    ]


def new_tracker(recogniser: Recogniser) -> Tracker:
    """A tracker for faces of the recogniser's engine."""
    scale = scale_of(recogniser.engine, "")
    return Tracker(scale.centre + FARTHEST_WIDTHS * scale.width)


def _reader(path: Path, engine: FaceEngine) -> VideoReader:
    return VideoReader(VideoSource(str(path.absolute())), str(path), engine.settings.limits.pixels)


def _watch(
    video: VideoReader, engine: FaceEngine, recogniser: Recogniser, progress: Progress
) -> tuple[list[float], list[Track]]:
    """The second of each frame, and all tracks."""
    tracker = new_tracker(recogniser)
    seconds: list[float] = []
    for second in track_faces(video, engine, recogniser, tracker):
        seconds.append(second)
        if not progress("video", len(seconds), max(video.stated_frames, len(seconds))):
            raise Interrupted
    return seconds, tracker.finished(recogniser.needed_likeness)


def track_faces(video: VideoReader, engine: FaceEngine, recogniser: Recogniser, tracker: Tracker) -> Iterator[float]:
    """Track the faces of each frame, and yield its second."""
    follower = BoxFollower()
    detected = 0.0
    for number, frame in enumerate(video.frames()):
        boxes = follower.follow(frame.rgb, tracker.boxes)
        if follower.is_cut:
            tracker.cut()
        else:
            tracker.followed(number, boxes)
        if follower.is_cut or frame.second - detected >= DETECT_SECONDS:
            tracker.seen(number, frame.second, _sightings(frame.rgb, engine, recogniser))
            detected = frame.second
        yield frame.second


def _frames(seconds: list[float], tracks: list[Track]) -> tuple[FrameAnswer, ...]:
    faces: defaultdict[int, list[tuple[int, NamedFace]]] = defaultdict(list)
    for track in tracks:
        for number, box in track.boxes.items():
            faces[number].append((track.number, NamedFace(box.rounded(), track.named)))
    return tuple(
        FrameAnswer(
            number,
            second,
            tuple(face for _, face in faces[number]),
            tuple(track for track, _ in faces[number]),
        )
        for number, second in enumerate(seconds)
    )
