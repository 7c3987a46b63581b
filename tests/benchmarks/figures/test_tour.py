"""The tour shows what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import tour
from benchmarks.figures.tour import WIDTH, tour_answer, tour_runs
from storage.runs import Run
from tests.tiny_run import tiny_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return tiny_run(tmp_path_factory.mktemp("tour"))


def test_a_command_stands_above_what_it_prints_in_lines_that_fit(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tour, "FOLDER", tmp_path)
    begin, command, *lines, end = tour_answer(run).splitlines()
    assert (begin, command, end) == ("```", "$ lineup report", "```")
    assert lines[0].startswith("Use ")
    assert f"Report: file://lineup-store/runs/{run.run_id}/report/index.html" in lines
    assert max(map(len, lines)) <= WIDTH
    assert tour_runs(run).splitlines()[3].startswith(run.run_id)
