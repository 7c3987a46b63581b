"""A stream's faces are named as they come; one that cannot be opened is said."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from orchestrator.cli.recognition_commands import identify
from orchestrator.inference.live import identify_live, is_stream_address
from storage.errors import InputError
from storage.runs import Run
from tests.tiny_run import lineup
from workers.faces.decode.video_process import VideoSource
from workers.faces.engine import FaceEngine
from workers.recognition.recogniser import Recogniser


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a clip on this machine: the first person, then the second."""
    import cv2

    folder = tmp_path_factory.mktemp("stream")
    writer = cv2.VideoWriter(str(folder / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (200, 200))
    for photo in sorted(Path(run.plan.dataset).glob("*/*-001.jpg"))[:2]:
        for _ in range(5):
            writer.write(np.asarray(Image.open(photo))[:, :, ::-1])
    writer.release()
    (folder / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\nfile://{folder}/clip.avi\n#EXT-X-ENDLIST\n")
    handler = functools.partial(_Silent, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/clip.avi"
        server.shutdown()


def test_each_face_of_a_stream_is_named_when_it_is_out_of_sight(
    address: str, engine: FaceEngine, recogniser: Recogniser, photos: list[Path]
) -> None:
    seen: list[int] = []

    def progress(frames: int, _second: float) -> bool:
        seen.append(frames)
        return True

    first = next(found := identify_live(VideoSource(address=address), engine, recogniser, progress))
    assert seen == [1, 2, 3, 4, 5]  # told in frame 6, where the scene changes
    (second,) = found
    assert [first.nearest, second.nearest] == [path.parent.name for path in photos[:2]]
    assert 0 <= first.begin <= first.end < second.begin <= second.end < 60
    assert (first.tracks, second.tracks) == ((1,), (2,))


def test_a_stream_is_left_when_asked(address: str, engine: FaceEngine, recogniser: Recogniser) -> None:
    found = list(identify_live(VideoSource(address=address), engine, recogniser, lambda frames, _: frames < 2))
    assert len(found) == 1


def test_a_playlist_of_the_network_reads_no_file_of_this_machine(
    address: str, engine: FaceEngine, recogniser: Recogniser
) -> None:
    source = VideoSource(address=address.replace("clip.avi", "list.m3u8"))
    with pytest.raises(InputError):
        list(identify_live(source, engine, recogniser))


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (VideoSource(camera=99), "camera 99 cannot be opened. Another program may use it"),
        (
            VideoSource(address="rtsp://me:secret@127.0.0.1:1/x?key=1"),
            r"rtsp://127\.0\.0\.1:1 cannot be opened\. Check",
        ),
    ],
)
def test_what_cannot_be_opened_is_said_without_a_password(
    source: VideoSource, what: str, engine: FaceEngine, recogniser: Recogniser
) -> None:
    with pytest.raises(InputError, match=what) as error:
        list(identify_live(source, engine, recogniser))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("text", ["clip.mp4", "http.jpg", "c:/x", "file:///etc/passwd", "concat:a|b", "rtsp://"])
def test_only_protocols_of_streams_are_addresses(text: str) -> None:
    assert not is_stream_address(text)


def test_the_command_prints_a_json_object_a_line(address: str, run: Run) -> None:
    store = run.folder.parents[1]
    done = lineup(store, "identify", address, "-c", "knn-1", "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["votes"] >= 1 for line in done.stdout.splitlines()] == [True, True]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--camera", "0", "x.jpg"],
        ["rtsp://host/x", "x.jpg"],
        [],
        ["rtsp://host/x", "--out", "o.mp4"],
        ["--camera", "-1"],
    ],
)
def test_a_stream_is_named_alone_and_without_a_copy(arguments: list[str]) -> None:
    refused = CliRunner().invoke(identify, arguments).exception
    assert isinstance(refused, InputError | SystemExit)
    assert getattr(refused, "code", InputError.exit_code) == 2
