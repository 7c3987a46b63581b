"""Rows of `lineup identify --queue`: all are on the screen, also where parts are merged while they are read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from orchestrator.cli.queue_work import drive_and_print
from orchestrator.local import drive_run
from orchestrator.scheduler import status
from orchestrator.scheduler.status import Status
from tests.terminal import Terminal

PHOTOS = 4
LAST = Status("faces-heap-1", "finished", "images", PHOTOS, PHOTOS)


class Answers:
    """Answers that come in some passes, as `RunAnswers` gives them."""

    def __init__(self, *passes: int) -> None:
        self.paths = [Path(f"photo-{number}.jpg") for number in range(PHOTOS)]
        self.are_missing = False
        self._passes, self._left = list(passes), list(self.paths)

    def take(self) -> Iterator[tuple[Path, None]]:
        for _ in range(self._passes.pop(0) if self._passes else 0):
            yield self._left.pop(0), None


class Rows:
    """Echoes each answer, as `PhotoRows` does."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, path: Path, _jpeg: None) -> None:
        self.count += 1
        click.echo(f"row of {path}")


def run_of(tmp_path: Path, *, finished: bool) -> Any:
    """What `drive_and_print` asks of a run; its faces are a file."""
    faces = tmp_path / "faces.parquet"
    faces.touch()
    return SimpleNamespace(finished=finished, faces=faces, store=tmp_path, let_go_on=lambda: None)


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends after a step for each photo; bars would be drawn ten times a second."""

    def drive(_run: object, _store: object, _settings: object, show: Callable[[Status], None], stop: Any) -> Status:
        for done in range(1, PHOTOS + 1):
            show(Status("faces-heap-1", "running", "images", done, PHOTOS))
            stop.wait(0.15)
        return LAST

    monkeypatch.setattr(drive_run, "drive_run", drive)
    monkeypatch.setattr(status, "status_of", lambda _: LAST)


@pytest.mark.usefixtures("stepped")
def test_on_a_terminal_each_row_keeps_a_line_of_its_own_beside_the_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, terminal = Answers(1, 1, 1, 1), Terminal()
    with open(terminal.slave, "w", closefd=False) as both:
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, both)
        monkeypatch.setenv("TERM", "xterm")
        drive_and_print(run_of(tmp_path, finished=False), answers, Rows(), quiet=False)  # type: ignore[arg-type]
    lines = terminal.lines()
    assert [line for line in lines if "row of" in line] == [f"row of {path}" for path in answers.paths]
    assert "Encoding faces: 1 of 4" in lines


@pytest.mark.usefixtures("stepped")
@pytest.mark.parametrize(("passes", "printed"), [((1, 2, 1), 4), ((0, 4), 4), ((2, 0, 2), 4), ((2, 0, 0, 2), 2)])
def test_what_a_pass_misses_the_next_ones_find(tmp_path: Path, passes: tuple[int, ...], printed: int) -> None:
    rows = Rows()
    drive_and_print(run_of(tmp_path, finished=True), Answers(*passes), rows, quiet=True)  # type: ignore[arg-type]
    assert rows.count == printed


@pytest.mark.usefixtures("stepped")
def test_a_table_that_another_orchestrator_has_just_written_stays(tmp_path: Path) -> None:
    run, answers = run_of(tmp_path, finished=False), Answers(4)
    answers.are_missing = True
    drive_and_print(run, answers, Rows(), quiet=True)  # type: ignore[arg-type]
    assert run.faces.exists()


@pytest.mark.usefixtures("stepped")
def test_a_table_whose_encodings_were_deleted_goes(tmp_path: Path) -> None:
    run, answers = run_of(tmp_path, finished=True), Answers(4)
    answers.are_missing = True
    drive_and_print(run, answers, Rows(), quiet=True)  # type: ignore[arg-type]
    assert not run.faces.exists()
