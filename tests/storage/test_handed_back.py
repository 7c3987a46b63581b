"""Notes about photos that a worker could not read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orchestrator.scheduler.planning import plan_run
from storage.experiments import Experiment
from storage.handed_back import forget_notes, read_notes, write_note
from storage.runs import Run
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    write_folder(tmp_path / "people", people=2, photos=4, seed=5, side=64, processes=1)
    return plan_run(tmp_path / "store", tmp_path / "people", None, Experiment()).run


def test_a_note_names_its_process_and_each_cause_until_all_are_forgotten(run: Run) -> None:
    assert read_notes(run) == []
    write_note(run, {"a" * 64: "gone", "b" * 64: "changed"})
    (note,) = read_notes(run)
    assert (note.host, note.pid) == (socket.gethostname(), os.getpid())
    assert note.photos == {"a" * 64: "gone", "b" * 64: "changed"}
    forget_notes(run)
    assert read_notes(run) == []


def test_a_damaged_note_is_deleted(run: Run) -> None:
    write_note(run, {"a" * 64: "gone"})
    (note,) = read_notes(run)
    note.path.write_text("{")
    assert read_notes(run) == []
    assert not note.path.exists()
