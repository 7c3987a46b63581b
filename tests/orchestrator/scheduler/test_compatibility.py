"""A run that needs another version, or an encoder that is gone, is refused before any work on it begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.maintenance.check import check_run
from orchestrator.scheduler.compatibility import check_readable, check_resumable
from storage.errors import RunStuck
from storage.runs import Run
from tests.tiny_run import tiny_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Encoded, split and trained; no comparison yet."""
    run = tiny_run(tmp_path, people=3, photos=4)
    run.comparison.unlink()
    return run


def planned_with(run: Run, **changes: Any) -> Run:
    """The same run with another plan."""
    return Run(run.folder, replace(run.plan, **changes))


def test_the_installed_version_may_go_on(run: Run) -> None:
    check_resumable(run)


def test_another_learning_code_is_refused_while_a_comparison_is_missing(run: Run) -> None:
    other = planned_with(run, learning_version=99)
    with pytest.raises(RunStuck, match="another version of the code that learns"):
        check_resumable(other)


def test_another_learning_code_is_refused_while_any_table_of_the_comparison_is_missing(run: Run) -> None:
    run.comparison.touch()
    run.table("operating_points").unlink()
    with pytest.raises(RunStuck, match="another version of the code that learns"):
        check_resumable(planned_with(run, learning_version=99))


def test_another_engine_is_refused_while_photos_are_missing(run: Run) -> None:
    other = planned_with(run, engine_fingerprint="0" * 32)
    check_resumable(other)  # all photos are encoded
    run.faces.unlink()
    with pytest.raises(RunStuck, match="another version of the face engine"):
        check_resumable(other)
    assert any("cannot be resumed here" in fault for fault in check_run(other).faults)


def test_a_finished_run_needs_no_version(run: Run) -> None:
    run.comparison.touch()
    run.report.mkdir()
    (run.report / "index.html").touch()
    assert run.finished
    check_resumable(planned_with(run, learning_version=99, engine_fingerprint="0" * 32))


def test_results_of_another_version_are_named_and_not_called_damaged(run: Run) -> None:
    other = planned_with(run, learning_version=99)
    with pytest.raises(RunStuck, match="another version of Lineup made the results"):
        check_readable(other)
    (fault,) = check_run(other).faults
    assert "another version of Lineup" in fault
    assert "damaged" not in fault
    check_readable(run)


def test_a_run_of_another_version_that_has_no_results_yet_is_readable(run: Run) -> None:
    run.splits.unlink()
    check_readable(planned_with(run, learning_version=99))
