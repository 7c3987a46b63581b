"""The command line as its `main` runs it, in this process, on a store of a finished run."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cli.main import main
from orchestrator.report.build import draw_report
from storage.runs import Run, open_run
from tests.tiny_run import tiny_run
from workers.queue.environment import Settings, load_settings


@dataclass(frozen=True)
class Result:
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str


Lineup = Callable[..., Result]


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four people, six photos each, compared and reported."""
    run = tiny_run(tmp_path_factory.mktemp("finished"))
    draw_report(run)
    return run


@pytest.fixture
def photos(finished_run: Run) -> Path:
    """The folder of its photos."""
    return Path(finished_run.plan.dataset)


@pytest.fixture
def run(finished_run: Run, tmp_path: Path) -> Run:
    """A copy of it, to be changed."""
    shutil.copytree(finished_run.folder.parents[1], tmp_path / "store")
    return open_run(tmp_path / "store", finished_run.run_id)


@pytest.fixture
def lineup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Lineup]:
    """Runs the command in an empty current folder, with the store tmp_path/store."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LINEUP_{name.upper()}", raising=False)
    monkeypatch.setenv("LINEUP_STORE", str(tmp_path / "store"))
    # `main` changes the import path for its process, which here is that of all tests
    monkeypatch.setattr("sys.path", list(sys.path))
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))

    def call(*arguments: object, **settings: str) -> Result:
        for name, value in settings.items():
            monkeypatch.setenv(f"LINEUP_{name.upper()}", value)
        monkeypatch.setattr("sys.argv", ["lineup", *map(str, arguments)])
        load_settings.cache_clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return Result(int(end.value.code or 0), printed.out, printed.err)

    yield call
    load_settings.cache_clear()
