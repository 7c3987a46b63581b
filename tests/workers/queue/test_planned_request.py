"""The hard limit of a task is the plan's, whatever its message says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kombu.message import Message

from storage.runs import Run
from tests.cluster import plan
from workers.jobs.time_limits import LONGEST_TASK_SECONDS, photos_hard_seconds
from workers.queue import planned_request
from workers.queue.app import app
from workers.queue.environment import Settings
from workers.queue.planned_request import PlannedRequest
from workers.queue.task_names import COMPARE_RUN, ENCODE_PHOTOS, TRAIN_ENCODER
from workers.queue.tasks import encode_photos_task
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    write_folder(tmp_path / "faces", people=2, photos=4, seed=3, side=160, processes=1)
    monkeypatch.setattr(planned_request, "load_settings", lambda: Settings(store=tmp_path / "store"))
    return plan(tmp_path / "store", tmp_path / "faces", photo_seconds=7)


def limit(task: str, *arguments: object) -> tuple[float | None, None]:
    """What Celery asks for when it hands such a task to a process; its message says a millisecond."""
    headers = {"task": task, "id": "x", "timelimit": [0.001, 0.001], "lang": "py"}
    body = json.dumps([arguments, {}, {}])
    message: Any = Message(  # type: ignore[no-untyped-call]
        body, content_type="application/json", content_encoding="utf-8", headers=headers
    )
    message.accept = {"application/json"}
    request = PlannedRequest(message, app=app, task=app.tasks[task], headers=headers, body=body)
    assert request.task.Request.endswith("PlannedRequest")
    found: tuple[float | None, None] = request.time_limits
    return found


def test_the_limit_follows_from_the_plan_and_the_number_of_photos(run: Run) -> None:
    assert encode_photos_task.name == ENCODE_PHOTOS
    keys = [f"{number:064x}" for number in range(8)]
    assert limit(ENCODE_PHOTOS, run.run_id, keys) == (photos_hard_seconds(run, 8), None)
    assert limit(ENCODE_PHOTOS, run.run_id, keys[:1]) == (photos_hard_seconds(run, 1), None)
    assert limit(COMPARE_RUN, run.run_id) == (3600, None)
    assert limit(TRAIN_ENCODER, run.run_id) == (LONGEST_TASK_SECONDS, None)


@pytest.mark.parametrize("arguments", [(), ("no-such-run", []), ("../..", []), (7,), ({"a": 1},)])
def test_what_is_not_planned_has_the_limit_of_all_tasks(run: Run, arguments: tuple[object, ...]) -> None:
    assert run
    assert limit(ENCODE_PHOTOS, *arguments) == (None, None)
