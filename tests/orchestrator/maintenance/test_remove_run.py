"""A run is removed with its folder; encodings stay, and what others need is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.maintenance import remove_run as removing
from orchestrator.maintenance.remove_run import check_removable, remove_run
from storage.attempts import Attempt
from storage.errors import RunConflict
from storage.parts import list_parts
from storage.run_claim import claim
from storage.runs import RUN_FILE, Run, list_runs, open_run
from tests.tiny_run import tiny_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return tiny_run(tmp_path)


def test_a_removed_run_is_gone_and_its_encodings_stay(run: Run) -> None:
    encoded = list_parts(run.encodings / "faces")
    remove_run(run)
    assert list_runs(run.store) == []
    assert not run.folder.exists()
    assert encoded
    assert list_parts(run.encodings / "faces") == encoded


def test_a_run_at_work_is_not_removed(run: Run) -> None:
    with claim(run) as claimed:
        assert claimed
        with pytest.raises(RunConflict, match="an orchestrator is working"):
            remove_run(run)
    assert open_run(run.store, run.run_id)


def test_a_run_of_which_a_worker_has_begun_something_is_not_removed(run: Run) -> None:
    with Attempt(run.attempts, "0" * 32):
        for refused in (check_removable, remove_run):
            with pytest.raises(RunConflict, match=f"a worker is at work on {run.run_id}") as error:
                refused(run)
            assert f"lineup cancel {run.run_id}" in error.value.hint
    remove_run(run)
    assert not run.folder.exists()


def test_a_worker_that_begins_in_the_midst_of_the_removal_keeps_its_run(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = (run.folder / RUN_FILE).read_bytes()
    attempt = Attempt(run.attempts, "0" * 32)
    monkeypatch.setattr(removing, "check_removable", lambda _: attempt.is_first())
    with pytest.raises(RunConflict, match="a worker is at work"):
        remove_run(run)
    assert (open_run(run.store, run.run_id).folder / RUN_FILE).read_bytes() == plan
    with attempt:
        pass
