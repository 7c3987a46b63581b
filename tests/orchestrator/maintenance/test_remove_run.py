"""A run is removed with its folder; encodings stay, and what others need is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.maintenance.remove_run import remove_run
from storage.errors import RunConflict
from storage.parts import list_parts
from storage.runs import Run, claim, list_runs, open_run
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
