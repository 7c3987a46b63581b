"""The runs that figures are made from: photos, experiment, and how they are run in build/figures/store."""

from __future__ import annotations

import csv
import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures.documents import ROOT
from orchestrator.dataset.corrections import LEAVE_OUT
from orchestrator.report.suspects_file import SUSPECTS_CSV
from storage.runs import Run, open_run, run_folder

FOLDER = ROOT / "build" / "figures"
STORE = FOLDER / "store"
LINEUP = str(Path(sys.executable).with_name("lineup"))
DRAWN = "drawn"
"""Photos of 12 people who do not exist, as `make demo` draws them; other names are folders of the data."""


@dataclass(frozen=True)
class Compared:
    """What a run compares.

    Attributes:
        name: the run's, in the store of the figures.
        photos: DRAWN, or a folder of the data.
        experiment: the text of the experiment file; empty for the defaults.
        without_suspects_of: a run of the same photos; the photos whose label it doubts are left out.
    """

    name: str
    photos: str
    experiment: str = ""
    without_suspects_of: Compared | None = None


class SourceMissing(Exception):
    """What a figure is made from is not on this machine: photos, which are no part of the project, or an output."""


@dataclass(frozen=True)
class Runner:
    """Runs each comparison once in a process.

    Attributes:
        data: the folder of the photos' folders.
        keep: use a finished run of the store again.
    """

    data: Path
    keep: bool = False
    _done: dict[str, Run] = field(default_factory=dict)

    def finished(self, wanted: Compared) -> Run:
        """The finished run; raises SourceMissing, and CalledProcessError where the command failed."""
        if wanted.name not in self._done:
            self._done[wanted.name] = self._run(wanted, self.folder(wanted.photos))
        return self._done[wanted.name]

    def folder(self, photos: str) -> Path:
        """The folder of photos of that name; raises SourceMissing."""
        if photos == DRAWN:
            return drawn_photos()
        if not (self.data / photos).is_dir():
            raise SourceMissing(f"{self.data / photos} is not there (FIGURES_DATA=FOLDER names another place)")
        return self.data / photos

    def _run(self, wanted: Compared, photos: Path) -> Run:
        folder = run_folder(STORE, wanted.name)
        if self.keep and (folder / "run.json").exists() and open_run(STORE, wanted.name).finished:
            return open_run(STORE, wanted.name)
        if folder.exists():
            shutil.rmtree(folder)
        experiment = FOLDER / f"{wanted.name}.toml"
        experiment.parent.mkdir(parents=True, exist_ok=True)
        experiment.write_text(wanted.experiment, encoding="utf-8")
        arguments = ["run", str(photos), "-e", str(experiment), "--run", wanted.name]
        if wanted.without_suspects_of:
            doubted = self.finished(wanted.without_suspects_of).report / SUSPECTS_CSV
            arguments += ["--corrections", str(_all_left_out(doubted, FOLDER / f"{wanted.name}.csv"))]
        lineup(*arguments)
        return open_run(STORE, wanted.name)


def _all_left_out(suspects: Path, to: Path) -> Path:
    """The corrections that leave out every photo of suspects.csv."""
    with suspects.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        rows = [{**row, "action": LEAVE_OUT} for row in reader]
    with to.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(rows)
    return to


def lineup(*arguments: str) -> str:
    """Run `lineup` on the store of the figures; its output. Raises CalledProcessError."""
    environment = {**os.environ, "LINEUP_STORE": str(STORE), "LINEUP_PROCESSES": "2"}
    done = subprocess.run(  # noqa: S603 - our own command
        [LINEUP, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


@functools.cache
def drawn_photos() -> Path:
    """The photos of `make demo`, drawn once."""
    from workers.synthetic import write_folder

    folder = FOLDER / "album"
    if not (FOLDER / "album-drawn").exists():
        write_folder(folder, 12, 15, seed=1, hard=True)
        (FOLDER / "album-drawn").touch()
    return folder
