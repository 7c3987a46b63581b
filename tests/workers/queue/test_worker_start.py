"""A process of a worker says when it has loaded the face engine, be it at its start or with its first photos."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from orchestrator.scheduler.work import planned_photos
from storage.engine_settings import EngineSettings
from storage.errors import EngineError
from storage.worker_faults import SUFFIX, WorkerFile, read_fault
from tests.cluster import plan
from workers import device
from workers.faces import engine
from workers.queue import tasks, worker_health
from workers.queue.environment import Settings
from workers.queue.worker_probes import ENGINE_VARIABLE
from workers.queue.worker_start import load_engine_early, start_fault
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(ENGINE_VARIABLE, str(tmp_path / "mark"))
    monkeypatch.setattr(worker_health, "HAND_BACK_SECONDS", 0)
    monkeypatch.setattr(tasks, "load_settings", lambda: Settings(store=tmp_path / "store"))
    return tmp_path / "mark"


def test_an_engine_that_loads_at_the_start_is_told(mark: Path) -> None:
    load_engine_early()
    assert mark.exists()


def test_an_engine_that_loads_later_is_told_with_the_first_photos_and_once(
    mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @functools.cache
    def missing(_settings: EngineSettings) -> None:
        raise EngineError("a model file is missing")

    with monkeypatch.context() as broken:
        broken.setattr(engine, "load_engine", missing)
        load_engine_early()
        assert not mark.exists()

    write_folder(tmp_path / "faces", people=2, photos=4, seed=3, side=160, processes=1)
    run = plan(tmp_path / "store", tmp_path / "faces")
    first, *others = planned_photos(run)
    tasks.encode_photos_task.run(run.run_id, [first])
    assert mark.exists()
    mark.unlink()
    tasks.encode_photos_task.run(run.run_id, others)
    assert not mark.exists()


def test_a_worker_that_is_told_to_use_cuda_and_has_none_says_so_before_it_takes_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(device.VARIABLE, "cuda")
    monkeypatch.setattr(device, "DRIVER", "libcuda-of-nobody.so")
    unfit = start_fault()
    assert unfit
    assert unfit.kind == "device"
    assert "libcuda-of-nobody.so is not here" in unfit.what


def test_it_loads_the_engine_on_cuda_or_none(mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"mine{SUFFIX}"
    monkeypatch.setenv(device.VARIABLE, "cuda")
    monkeypatch.setenv(worker_health.VARIABLE, str(path))
    held = WorkerFile(path, "mine", ("images",), 1)
    load_engine_early()
    assert not mark.exists()
    fault = read_fault(path)
    held.close()
    assert fault
    assert fault.kind == "engine"
    assert "CUDA" in fault.cause
