"""Progress in logs and pipes: plain lines now and then."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from orchestrator.cli.progress_words import ENDS_EARLY, TITLES, FaultLines, left_words, rate_words
from storage.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

LINE_SECONDS = 5.0
"""At least so long between two plain lines of one stage."""

STILL_SECONDS = 60.0
"""The same where nothing more is done, but what is at work got further."""


class Lines(FaultLines):
    """For logs and pipes: a line when a stage begins, every few seconds, and when it ends."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._stage = ""
        self._total = 0
        self._done = -1
        self._began = (0.0, 0)
        self._said = 0.0
        self._waiting = ""
        self._now = ""

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print nothing: a stage is complete only when the next one begins."""

    def show(self, stage: str, done: int, total: int, note: str = "", waiting: str = "", now: str = "") -> None:
        """Print a line, if there is progress to report."""
        note, waiting = printable(note), printable(waiting)
        instant = time.monotonic()
        if waiting != self._waiting:
            self._console.print(f"Waiting: {waiting}" if waiting else "Going on", markup=False, soft_wrap=True)
            self._waiting = waiting
        if stage != self._stage:
            self._end(done, note)
            self._stage, self._total, self._done, self._began = stage, total, -1, (instant, done)
        if stage in TITLES and self._is_due(done, printable(now), instant):
            self._say(done, note, printable(now))

    def _is_due(self, done: int, now: str, instant: float) -> bool:
        if done > self._done:
            return self._done < 0 or done == self._total or instant - self._said >= LINE_SECONDS
        return now not in ("", self._now) and instant - self._said >= STILL_SECONDS

    def _end(self, last: int, note: str) -> None:
        """Complete a stage; where one ended that may end early is known from the status after it."""
        end, note = (last, note) if self._stage in ENDS_EARLY else (self._total, "")
        if self._stage in TITLES and 0 <= self._done < end:
            self._say(end, note)

    def _say(self, done: int, note: str = "", now: str = "") -> None:
        said_before = self._done >= 0
        self._done, self._said, self._now = done, time.monotonic(), now
        at_work = f"now {now}" if now else ""
        if self._total <= 1:  # nothing to count
            if now or not said_before:
                self._console.print(
                    ", ".join(filter(None, (TITLES[self._stage], at_work))), markup=False, soft_wrap=True
                )
            return
        rate = note or rate_words(self._stage, done, *self._began)
        left = "" if self._stage in ENDS_EARLY else left_words(self._total - done, done, *self._began)
        line = f"{TITLES[self._stage]}: {done} of {self._total}"
        self._console.print(", ".join(filter(None, (line, rate, left, at_work))), markup=False, soft_wrap=True)
