"""`lineup run` in a process of its own, with a broker that tests made."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping

from storage.runs import Run, list_runs, open_run
from tests.cluster import wait_for
from tests.services import LINEUP, Services

TOLD_SECONDS = 15
"""A fault that keeps a run from going on is told within this time."""


class Command:
    """A run that somebody started.

    Args:
        environment: further variables.
    """

    def __init__(self, services: Services, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
        self.store = services.store
        folder = services.store.parent
        (folder / "experiment.toml").write_text('configurations = ["knn-1", "majority"]')
        self._log = folder / f"command-{time.monotonic_ns()}.log"
        self._began = 0.0
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(LINEUP), *map(str, arguments), "-e", str(folder / "experiment.toml")],
                env={**services.base_environment, **(environment or {})},
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        """All that it has printed."""
        return self._log.read_text(errors="replace")

    def tells(self, words: str, seconds: float = TOLD_SECONDS) -> None:
        """Wait until it has printed these words; raises AssertionError where they come too late.

        Args:
            seconds: from the first line about the stage on: importing and cataloguing take longer on a busy machine.
        """
        try:
            if not self._began:
                wait_for(lambda: words in self.said() or "Encoding faces" in self.said(), "the stage of photos", 60)
                self._began = time.monotonic()
            wait_for(lambda: words in self.said(), repr(words), max(0.0, self._began + seconds - time.monotonic()))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()}") from error

    def ends(self, code: int, seconds: float = 200) -> None:
        """Wait for its end."""
        assert self.process.wait(seconds) == code, self.said()

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.ends(130)

    def run(self) -> Run:
        """The run that it works on."""
        return open_run(self.store, list_runs(self.store)[0])
