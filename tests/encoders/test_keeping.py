"""An encoder is checked and forgotten like whatever else was made of photos."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.maintenance.check import check_run
from orchestrator.maintenance.erase_person import erase_person, find_person
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.status import status_of
from storage.errors import RunConflict
from storage.runs import Run, list_runs, open_run
from tests.tiny_run import compare_here, encode_here
from workers.jobs.job import Refused
from workers.jobs.train_encoder import train_encoder_of


@pytest.fixture
def copied(trained: Run, others: Path, tmp_path: Path) -> Run:
    """The encoder's run in a store of its own, with a comparison that uses it."""
    store = tmp_path / "store"
    shutil.copytree(trained.folder, store / "runs" / trained.run_id)
    shutil.copytree(trained.encodings, store / "encodings" / trained.encodings.name)
    run = open_run(store, trained.run_id)
    wanted = {"configurations": ["knn-1@own"], "encoders": {"own": run.run_id}}
    compare_here(plan_run(store, others, None, from_dict(wanted)).run)
    return run


def test_the_status_of_a_finished_encoder_tells_its_last_epoch_if_it_can_be_read(copied: Run) -> None:
    told = status_of(copied)
    assert (told.stage, told.done, told.total) == ("finished", 2, 2)
    assert "validation pairs" in told.note
    (copied.encoder / "encoder.json").write_text("{")
    assert (status_of(copied).state, status_of(copied).note) == ("finished", "")


def test_check_passes_a_finished_run_and_finds_another_encoder(copied: Run) -> None:
    assert status_of(copied).state == "finished"
    assert check_run(copied).faults == ()
    (copied.encoder / "encoder.npz").write_bytes(b"something else")
    (fault,) = check_run(copied).faults
    assert "describes another encoder" in fault
    (copied.encoder / "encoder.json").write_text("{")
    assert "cannot be read" in check_run(copied).faults[0]


def test_forgetting_a_training_person_removes_the_encoder_and_everything_that_used_it(copied: Run) -> None:
    (heir,) = (open_run(copied.store, name) for name in list_runs(copied.store) if name != copied.run_id)
    before = (copied.encoder / "encoder.npz").read_bytes()
    done = erase_person(copied.store, find_person(copied.store, "greta"))
    assert {trace.run.run_id: trace.photos for trace in done.traces.runs} == {copied.run_id: 3, heir.run_id: 0}
    assert "encoder" in done.removed[copied.run_id]
    assert not copied.encoder.exists()
    assert not heir.comparison.exists()
    assert not heir.model.exists()
    run = open_run(copied.store, copied.run_id)
    assert status_of(run).state == "stopped"
    run.let_go_on()
    encode_here(run)
    train_encoder_of(run)
    assert status_of(run).state == "finished"
    assert check_run(run).faults == ()
    assert (run.encoder / "encoder.npz").read_bytes() != before


def test_forgetting_another_person_keeps_the_encoder(copied: Run) -> None:
    done = erase_person(copied.store, find_person(copied.store, "anton"))
    assert [trace.run.run_id for trace in done.traces.runs] != [copied.run_id]
    assert check_run(copied).faults == ()


def test_an_encoders_name_is_not_another_runs(copied: Run, others: Path) -> None:
    with pytest.raises(RunConflict, match="other photos"):
        plan_run(copied.store, others, None, from_dict({"configurations": ["knn-1"]}), copied.run_id)


def test_a_message_cannot_make_a_comparison_run_train_an_encoder(copied: Run) -> None:
    (heir,) = (open_run(copied.store, name) for name in list_runs(copied.store) if name != copied.run_id)
    with pytest.raises(Refused, match="has no such work: it is of kind comparison"):
        train_encoder_of(heir)
