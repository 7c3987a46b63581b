"""Name the faces that a camera or a stream shows, as they come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from orchestrator.inference.tracks import Appearance, appearances
from orchestrator.inference.video import new_tracker, track_faces
from workers.faces.decode.read_video import VideoReader
from workers.faces.decode.video_process import VideoSource
from workers.faces.engine import FaceEngine
from workers.queue.addresses import public_address
from workers.recognition.recogniser import Recogniser

_ADDRESS = re.compile(r"(rtsps?|rtmps?|https?|rtp|udp|srt|tcp)://.")


def is_stream_address(text: str) -> bool:
    """Whether an argument is the address of a stream, and not the name of a file.

    >>> is_stream_address("rtsp://camera.example/front"), is_stream_address("holiday/rtsp.jpg")
    (True, False)
    """
    return _ADDRESS.match(text) is not None


def identify_live(
    source: VideoSource,
    engine: FaceEngine,
    recogniser: Recogniser,
    progress: Callable[[int, float], bool] = lambda *_: True,
) -> Iterator[Appearance]:
    """Each face when it is out of sight again, until the stream ends.

    Args:
        progress: called with (frames, second) after each frame; the work ends if it returns False.

    Raises:
        InputError: the camera or stream cannot be opened, or gives no frame.
    """
    name = public_address(source.address) if source.address else f"camera {source.camera}"
    tracker = new_tracker(recogniser)
    seconds: list[float] = []
    needed = recogniser.needed_likeness
    with VideoReader(source, name, engine.settings.limits.pixels) as video:
        for second in track_faces(video, engine, recogniser, tracker):
            seconds.append(second)
            yield from appearances(tracker.take_ended(needed), seconds)
            if not progress(len(seconds), second):
                break
    yield from appearances(tracker.finished(needed), seconds)
