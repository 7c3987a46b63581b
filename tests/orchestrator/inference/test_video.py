"""A video goes in, a video with names comes out, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.inference.format_video import video_summary
from orchestrator.inference.video import Interrupted, identify_video
from storage.errors import InputError
from storage.new_files import OutputExists
from storage.runs import Run
from workers.faces.engine import FaceEngine
from workers.recognition.recogniser import Recogniser

RATE = 12.5


@pytest.fixture(scope="module")
def clip(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames of each of the first two people, then an empty one."""
    import cv2

    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (200, 200))
    for photo in sorted(Path(run.plan.dataset).glob("*/*-001.jpg"))[:2]:
        for _ in range(2):
            writer.write(np.asarray(Image.open(photo))[:, :, ::-1])
    writer.write(np.full((200, 200, 3), 90, np.uint8))
    writer.release()
    return path


def frames_of(path: Path) -> list[np.ndarray]:
    import cv2

    capture = cv2.VideoCapture(str(path))
    frames: list[np.ndarray] = []
    while True:
        more, frame = capture.read()
        if not more:
            return frames
        frames.append(frame)


def test_every_frame_is_answered(clip: Path, engine: FaceEngine, recogniser: Recogniser, photos: list[Path]) -> None:
    answer = identify_video(clip, engine, recogniser)
    names = [[face.named.nearest for face in frame.faces] for frame in answer.frames]
    first, second = (path.parent.name for path in photos[:2])
    assert names == [[first], [first], [second], [second], []]
    assert [frame.second for frame in answer.frames] == pytest.approx([number / RATE for number in range(5)])
    assert (answer.missing, answer.damage) == (0, 0)
    assert answer.frames_per_second > 0


def test_the_copy_has_the_same_frames_with_boxes_on_them(
    clip: Path, engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    answer = identify_video(clip, engine, recogniser, tmp_path / "named.mp4")
    before, after = frames_of(clip), frames_of(tmp_path / "named.mp4")
    assert [frame.shape for frame in after] == [frame.shape for frame in before]
    changed = [(np.abs(a.astype(int) - b).max(axis=2) > 70).mean() for a, b in zip(after, before, strict=True)]
    assert min(changed[:4]) > 0.02
    assert changed[4] == 0
    assert answer.copy == tmp_path / "named.mp4"
    assert [path.name for path in tmp_path.iterdir()] == ["named.mp4"]


def test_progress_counts_frames_and_may_stop_without_leaving_a_copy(
    clip: Path, engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []

    def stop_at_two(stage: str, done: int, expected: int) -> bool:
        seen.append((stage, done, expected))
        return done < 2

    with pytest.raises(Interrupted):
        identify_video(clip, engine, recogniser, tmp_path / "named.mp4", stop_at_two)
    assert seen == [("video", 1, 5), ("video", 2, 5)]
    assert list(tmp_path.iterdir()) == []


def test_a_video_cut_short_gives_what_is_there_and_says_so(
    clip: Path, engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    import cv2

    path = tmp_path / "cut.avi"  # its index is at the end, its frames are found without it
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (200, 200))
    for frame in frames_of(clip) * 3:
        writer.write(frame)
    writer.release()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    answer = identify_video(path, engine, recogniser)
    assert 0 < len(answer.frames) < 15
    whole = path.stat().st_size + answer.missing
    assert whole / 2 - 1 <= path.stat().st_size <= whole / 2 + 1
    assert f"The file is cut short: it promises {answer.missing} bytes more" in "\n".join(video_summary(answer))


def test_a_video_without_a_frame_is_the_users_mistake(
    engine: FaceEngine, recogniser: Recogniser, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:200])
    with pytest.raises(InputError, match="no pictures that can be decoded"):
        identify_video(tmp_path / "broken.mp4", engine, recogniser, tmp_path / "named.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp4"]


def test_the_video_itself_is_never_written_over(clip: Path, engine: FaceEngine, recogniser: Recogniser) -> None:
    before = clip.read_bytes()
    with pytest.raises(InputError, match="the video itself"):
        identify_video(clip, engine, recogniser, clip.parent / "." / clip.name)
    assert clip.read_bytes() == before


@pytest.mark.parametrize("out", ["named.avi", "no-such-folder/named.mp4", f"{'x' * 300}.mp4", "folder.mp4"])
def test_a_copy_that_cannot_be_written_is_refused_before_the_work(
    clip: Path, engine: FaceEngine, recogniser: Recogniser, tmp_path: Path, out: str
) -> None:
    (tmp_path / "folder.mp4").mkdir()

    def see(*_: object) -> bool:
        raise AssertionError("work was begun")

    with pytest.raises(InputError):
        identify_video(clip, engine, recogniser, tmp_path / out, see)


def test_a_copy_whose_place_is_taken_is_one_error_line_and_leaves_nothing(
    clip: Path, engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    def take_the_place(*_: object) -> bool:
        (tmp_path / "named.mp4").mkdir(exist_ok=True)
        return True

    with pytest.raises(OutputExists, match="is there already"):
        identify_video(clip, engine, recogniser, tmp_path / "named.mp4", take_the_place)
    assert [path.name for path in tmp_path.iterdir()] == ["named.mp4"]


def test_a_picture_in_the_clip_is_the_photo(clip: Path, photos: list[Path]) -> None:
    frame = frames_of(clip)[0][:, :, ::-1].astype(int)
    assert np.abs(frame - np.asarray(Image.open(photos[0]))).mean() < 12
