"""Several processes give the same answers in the same order, whatever a photo does to one of them."""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.inference.photo_pool import NamingProcesses, PhotoNaming, useful_processes
from orchestrator.inference.photos import PhotoAnswer, name_photo
from orchestrator.stop_request import StopRequest
from storage.runs import Run
from tests.cluster import environment_of
from tests.faults.marking import PLUGIN, mark
from workers.faces.engine import FaceEngine
from workers.recognition.recogniser import Recogniser


def without_times(answer: PhotoAnswer) -> PhotoAnswer:
    faces = (replace(face, named=replace(face.named, milliseconds=0.0)) for face in answer.faces)
    return replace(answer, seconds=0.0, faces=tuple(faces))


@pytest.fixture
def naming(run: Run) -> PhotoNaming:
    return PhotoNaming(run.store, run.run_id, "svm-linear", None, annotate=True)


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Further processes load the plugin in which marked photos misbehave."""
    for name, value in environment_of(PLUGIN, tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("misbehaving")
def test_the_answers_are_those_of_one_process_and_a_photo_that_kills_is_poisoned(
    naming: PhotoNaming, photos: list[Path], tmp_path: Path, engine: FaceEngine, recogniser: Recogniser
) -> None:
    bad, killer = tmp_path / "bad.jpg", Path(shutil.copy(photos[2], tmp_path / "killer.jpg"))
    bad.write_text("no photo")
    mark(killer, "kill")
    paths = [photos[0], bad, killer, photos[1], photos[3]]
    with NamingProcesses(naming, 2) as processes:
        found = list(processes.name(paths))
    assert [answer.path for answer, _ in found] == paths
    assert (found[2][0].outcome, found[2][0].reason, found[2][1]) == ("poisoned", "the process that read it died", None)
    for place in (0, 1, 3, 4):
        answer, jpeg = name_photo(paths[place], engine, recogniser, annotate=True)
        assert without_times(found[place][0]) == without_times(answer)
        assert found[place][1] == jpeg


def test_processes_that_are_ended_early_leave_none_behind(naming: PhotoNaming, photos: list[Path]) -> None:
    with NamingProcesses(naming, 2) as processes:
        assert next(processes.name(photos))[0].path == photos[0]
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
    assert not any(b"spawn_main" in command for command in commands)


def test_a_request_to_stop_ends_processes_that_are_still_loading(naming: PhotoNaming, photos: list[Path]) -> None:
    stop = StopRequest()
    stop.set()
    with NamingProcesses(naming, 2, stop) as processes:
        assert list(processes.name(photos)) == []
    stop = StopRequest()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with NamingProcesses(naming, 2, stop) as processes:
        assert list(processes.name(photos * 100)) == []
    assert time.monotonic() - began < 10  # a fraction of a second on an idle machine


@pytest.mark.parametrize(
    ("photos", "cores", "processes"), [(1, 8, 1), (79, 8, 1), (80, 8, 2), (5000, 8, 8), (5000, 1, 1)]
)
def test_a_process_is_started_where_it_has_something_to_do(photos: int, cores: int, processes: int) -> None:
    assert useful_processes(photos, cores) == processes
