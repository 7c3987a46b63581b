"""A process of a worker says when it has loaded the face engine, be it at its start or with its first photos."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from orchestrator.scheduler.work import planned_photos
from storage.engine_settings import EngineSettings
from storage.errors import EngineError
from tests.cluster import plan
from workers.faces import engine
from workers.queue import tasks, worker_health
from workers.queue.environment import Settings
from workers.queue.worker_probes import ENGINE_VARIABLE
from workers.queue.worker_start import load_engine_early
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
