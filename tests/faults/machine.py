"""A store of its own, and the command line on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage.runs import Run, list_runs, open_run
from tests.cluster import environment_of, wait_for
from tests.faults.marking import PLUGIN

LINEUP = Path(sys.executable).with_name("lineup")


class Machine:
    """A machine with a store, on which commands are run.

    Args:
        environment: further variables for each command.
        through: a command that the command line is given to, such as one that makes a namespace.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None, through: Sequence[str] = ()) -> None:
        self.store = folder / "store"
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.experiment = folder / "experiment.toml"
        self.experiment.write_text('configurations = ["knn-1", "majority"]')
        self.environment = dict(environment or {})
        self.through = through
        self._log = folder / "log"

    def start(self, *command: object) -> subprocess.Popen[bytes]:
        settings = {"LINEUP_STORE": str(self.store), "LINEUP_PROCESSES": "1", "LINEUP_PHOTOS_PER_TASK": "1"}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*self.through, str(LINEUP), *map(str, command)],
                env={**os.environ, **settings, **environment_of(PLUGIN, self.marks), **self.environment},
                stdout=log,
                stderr=log,
            )

    def run(self, photos: Path) -> subprocess.Popen[bytes]:
        return self.start("run", photos, "-e", self.experiment)

    def planned(self) -> Run:
        wait_for(lambda: list_runs(self.store), "the plan of the run")
        return open_run(self.store, list_runs(self.store)[0])

    def said(self) -> str:
        """All that commands have printed."""
        return self._log.read_text(errors="replace")
