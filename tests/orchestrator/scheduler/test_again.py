"""The same run again: with another experiment, other photos or another engine it is refused, and stays as it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.work import planned_photos
from orchestrator.scheduler.worker_watch import workers_now
from storage.errors import RunConflict, RunStuck
from storage.runs import open_run
from tests.cluster import CHEAP, Cluster, wait_for
from workers.queue.task_names import ENCODE_PHOTOS, IMAGES
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two people, six photos of each."""
    folder = tmp_path / "again"
    write_folder(folder, people=2, photos=6, seed=31, side=160, processes=1)
    return folder


def test_another_version_of_the_engine_does_not_mix_its_encodings_with_those_of_the_run(
    lab: Cluster, photos: Path
) -> None:
    run = lab.plan(photos, seed=2)
    (run.folder / "run.json").write_text(json.dumps({**asdict(run.plan), "engine_fingerprint": "0" * 32}))
    run = open_run(lab.store, run.run_id)
    with pytest.raises(RunStuck, match="another version of the face engine"):
        lab.finish(run)
    assert "another version" in run.stopped
    key = next(iter(planned_photos(run)))
    log = lab.store / "logs" / "worker-images.log"
    lab.stack.broker.send(ENCODE_PHOTOS, (run.run_id, [key]), "images", "mixed")
    wait_for(lambda: "another version of the face engine" in log.read_text(), "the worker's refusal")
    # the run was stopped: its message does not come back to pause the worker, which is there for other runs
    wait_for(lambda: workers_now(lab.store, IMAGES).able, "the worker", seconds=20)
    assert lab.stack.broker.waiting(IMAGES) == 0
    assert not run.encodings.exists()


def test_an_existing_run_cannot_be_given_another_experiment_or_other_photos(tmp_path: Path, photos: Path) -> None:
    store = tmp_path / "store"
    run = plan_run(store, photos, None, from_dict(CHEAP), run_id="mine").run
    before = (run.folder / "run.json").read_bytes()
    with pytest.raises(RunConflict, match="another experiment"):
        plan_run(store, photos, None, from_dict({**CHEAP, "seed": 7}), run_id="mine")
    assert plan_run(store, photos, None, from_dict({**CHEAP, "name": "only another name"}), run_id="mine").existed
    (photos / "ada" / "ada-001.jpg").unlink()
    with pytest.raises(RunConflict, match="other photos"):
        plan_run(store, photos, None, from_dict(CHEAP), run_id="mine")
    assert (run.folder / "run.json").read_bytes() == before
