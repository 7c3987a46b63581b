"""Photos are read in another process: the same pixels as here, and a refusal where that process dies."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from storage.engine_settings import Limits
from storage.errors import EngineError
from storage.experiments import Experiment
from tests.workers.faces.conftest import as_bytes
from workers.faces.decode import guarded_reader
from workers.faces.decode.guarded_reader import GuardedReader
from workers.faces.decode.read_image import read_header, read_image
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

INFINITE = b'{"answers": [{"shape": [1, 1, 3], "scale": 1e999, "header": [Infinity, 1, "PNG", 1]}]}\n'

PLUGIN = """
import os, resource, signal, sys, time
if sys.orig_argv[1:4] == ["-P", "-m", "workers.faces.decode.reader_process"]:
    from workers.faces.decode import read_image as module
    whole = module.read_image
    def read_image(data, limits, *room):
        if b"<crash>" in data:
            os.kill(os.getpid(), signal.SIGSEGV)
        if b"<once>" in data and not os.path.exists(FOLDER + "/once"):
            open(FOLDER + "/once", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        if b"<killed>" in data:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"<five times>" in data:
            with open(FOLDER + "/five", "a") as kills:
                kills.write("x")
            if os.path.getsize(FOLDER + "/five") <= 5:
                os.kill(os.getpid(), signal.SIGKILL)
        if b"<pause>" in data and not os.path.exists(FOLDER + "/pause"):
            open(FOLDER + "/pause", "w").close()
            os.kill(os.getpid(), signal.SIGSTOP)
        if b"<busy>" in data:
            open(FOLDER + "/busy", "a").write("x")
            resource.setrlimit(resource.RLIMIT_CPU, (1, resource.RLIM_INFINITY))
            while True:
                pass
        if b"<sleep>" in data:
            time.sleep(1000)
        if b"<hog>" in data:
            bytearray(2_000_000_000)
        if b"<lie>" in data:
            os.write(int(sys.argv[1]), b'{"answers": [{"shape": [100000, 100000, 3], "scale": 1, "reading": ""}]}\\n')
        if b"<talk>" in data:
            os.write(int(sys.argv[1]), b"x" * 100_000)
        if b"<infinite>" in data:
            os.write(int(sys.argv[1]), INFINITE)
        if b"<deep>" in data:
            os.write(int(sys.argv[1]), b"[" * 9_000 + b"\\n")
        if b"<huge>" in data:
            os.ftruncate(int(sys.argv[3]), 1 << 40)
            os.write(int(sys.argv[1]), b'{"answers": [{"shape": [500000, 500000, 3], "scale": 1, "reading": ""}]}\\n')
        return whole(data, limits, *room)
    module.read_image = read_image
    whole_header = module.read_header
    def read_header(data):
        if b"<crash>" in data:
            os.kill(os.getpid(), signal.SIGSEGV)
        return whole_header(data)
    module.read_header = read_header
"""


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GuardedReader]:
    """A reader whose process misbehaves at marked files."""
    (tmp_path / "sitecustomize.py").write_text(
        PLUGIN.replace("FOLDER", repr(str(tmp_path))).replace("INFINITE", repr(INFINITE))
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(guarded_reader, "WALL_SECONDS", (5, 4))
    made = GuardedReader()
    yield made
    made.close()


def marked(picture: Pixels, mark: bytes) -> bytes:
    """A JPEG with the mark behind its end, where it disturbs no decoder."""
    return as_bytes(picture, "JPEG") + mark


def test_pixels_and_header_equal_those_read_here(reader: GuardedReader, face: Pixels) -> None:
    wide = np.ascontiguousarray(np.broadcast_to(face[:, :1], (250, 3000, 3)))
    for data in (as_bytes(face), marked(face, b""), as_bytes(wide), b"", b"hello"):
        here, there = read_image(data, Limits()), reader.image(data, Limits())
        assert reader.header(data) == read_header(data)
        if isinstance(here, Photo):
            assert isinstance(there, Photo)
            assert np.array_equal(here.rgb, there.rgb)
            assert (here.scale, here.reading) == (there.scale, there.reading)
        else:
            assert there == here


def test_the_headers_of_several_files_are_those_of_each(reader: GuardedReader, face: Pixels) -> None:
    files = [as_bytes(face), b"", b"hello", marked(face[:100], b"")]
    assert reader.headers(files) == [read_header(data) for data in files]
    assert reader.headers([]) == []


def test_a_file_that_crashes_the_process_costs_the_headers_of_no_other(reader: GuardedReader, face: Pixels) -> None:
    good, bad = marked(face, b""), marked(face, b"<crash>")
    first, crashed, last = reader.headers([good, bad, good])
    assert first == last == read_header(good)
    assert isinstance(crashed, Refusal)
    assert crashed.outcome == "poisoned"


@pytest.mark.parametrize(
    ("mark", "outcome", "words"),
    [
        (b"<crash>", "poisoned", "died 2 times: Segmentation fault"),
        (b"<killed>", "poisoned", "died 6 times: Killed"),
        (b"<busy>", "timed_out", "too long"),
        (b"<sleep>", "timed_out", "too long"),
        (b"<hog>", "too_large", "more than 1000 MB of memory"),
        (b"<talk>", "poisoned", "died 2 times"),
        (b"<infinite>", "poisoned", "died 2 times"),
        (b"<deep>", "poisoned", "died 2 times"),
        (b"<huge>", "poisoned", "died 2 times"),
    ],
)
def test_a_photo_that_harms_the_process_is_refused_and_the_next_is_read(
    reader: GuardedReader, face: Pixels, mark: bytes, outcome: str, words: str
) -> None:
    assert isinstance(reader.image(marked(face, b""), Limits()), Photo)
    refused = reader.image(marked(face, mark), Limits())
    assert isinstance(refused, Refusal)
    assert (refused.outcome, words in refused.reason) == (outcome, True), refused
    assert isinstance(reader.image(marked(face, b""), Limits()), Photo)


@pytest.mark.parametrize("mark", [b"<once>", b"<five times>"])
def test_a_process_that_is_killed_from_outside_reads_the_photo_when_it_is_started_again(
    reader: GuardedReader, face: Pixels, mark: bytes
) -> None:
    assert isinstance(reader.image(marked(face, mark), Limits()), Photo)


def test_a_process_that_was_silent_once_reads_the_photo_when_it_is_started_again(
    reader: GuardedReader, face: Pixels
) -> None:
    assert isinstance(reader.image(marked(face, b"<pause>"), Limits()), Photo)


def test_a_photo_that_used_up_its_processor_time_is_not_tried_again(
    reader: GuardedReader, face: Pixels, tmp_path: Path
) -> None:
    reader.image(marked(face, b"<busy>"), Limits())
    assert (tmp_path / "busy").read_text() == "x"


def test_two_silences_together_are_shorter_than_the_watchdog_of_a_photo() -> None:
    assert sum(guarded_reader.WALL_SECONDS) < Experiment().photo_seconds


def test_a_process_that_states_more_pixels_than_it_wrote_is_not_believed(reader: GuardedReader, face: Pixels) -> None:
    refused = reader.image(marked(face, b"<lie>"), Limits())
    assert isinstance(refused, Refusal)
    assert refused.outcome == "poisoned"


def test_a_forked_process_starts_a_reader_of_its_own(reader: GuardedReader, face: Pixels) -> None:
    data = marked(face, b"")
    reader.image(data, Limits())
    child = os.fork()
    if not child:
        os._exit(0 if isinstance(reader.image(data, Limits()), Photo) else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert isinstance(reader.image(data, Limits()), Photo)


BROKEN_STARTS = {
    "ends at once": "os._exit(3)",
    "lacks a package": "sys.modules['PIL'] = None",
}


@pytest.mark.parametrize("name", BROKEN_STARTS)
def test_a_process_that_can_read_no_photo_is_no_fault_of_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, face: Pixels, name: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        f"import os, sys\nif 'workers.faces.decode.reader_process' in sys.orig_argv:\n    {BROKEN_STARTS[name]}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    broken = GuardedReader()
    for ask in (broken.header, lambda data: broken.image(data, Limits())):
        with pytest.raises(EngineError, match="the process that reads photos cannot work: exit code"):
            ask(as_bytes(face))


def test_a_machine_that_starts_no_process_is_no_fault_of_the_photo(
    monkeypatch: pytest.MonkeyPatch, face: Pixels
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(EngineError, match="no process can be started to read photos: Resource temporarily"):
        GuardedReader().image(as_bytes(face), Limits())
