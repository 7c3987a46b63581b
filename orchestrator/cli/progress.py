"""The progress of a run: a bar per stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from storage.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID

    from orchestrator.scheduler.status import Status

TITLES = {
    "synth": "Drawing faces",
    "catalog": "Reading photos",
    "images": "Encoding faces",
    "splits": "Splitting",
    "training": "Training",
    "comparison": "Comparing",
    "refit": "Refitting",
    "report": "Drawing",
    "encoder": "Training encoder",
    "identify": "Naming faces",
    "video": "Naming faces",
    "copy": "Writing the copy",
    "live": "Naming faces",
}
UNITS = {
    "synth": "photos",
    "catalog": "photos",
    "images": "photos",
    "training": "trainings",
    "identify": "photos",
    "video": "frames",
    "copy": "frames",
    "live": "frames",
}

ENDS_EARLY = frozenset(["encoder"])
"""Stages that may end before their total is reached."""

LINE_SECONDS = 5.0
"""At least so long between two plain lines of one stage."""

STILL_SECONDS = 60.0
"""The same where nothing more is done, but what is at work got further."""

BESIDE_BAR = 56
"""Columns for the title, the count, the rate and the time beside a bar."""


class Display(Protocol):
    """Shows the progress of a run."""

    def __enter__(self) -> Display: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, stage: str, done: int, total: int, note: str = "", waiting: str = "", now: str = "") -> None:
        """Show how far a stage is.

        Args:
            note: how well it goes; takes the place of its rate.
            waiting: what keeps the run from going on now.
            now: which items are at work.
        """

    def tell(self, stage: str, faults: Sequence[str]) -> None:
        """Print each fault of a stage when it begins, and a line when all are over."""


class _Faults:
    """Prints the faults of workers above a bar, or between lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: frozenset[str] = frozenset()
        self._of_stage = ""

    def tell(self, stage: str, faults: Sequence[str]) -> None:
        """Print each fault of a stage when it begins, and a line when all are over."""
        if stage != self._of_stage:  # other workers do the next stage: nothing was fixed
            self._of_stage, self._told = stage, frozenset()
        for fault in faults:
            if fault not in self._told:
                self._console.print(f"Fault: {fault}", markup=False, soft_wrap=True)
        if self._told and not faults:
            self._console.print("No fault any more", markup=False, soft_wrap=True)
        self._told = frozenset(faults)


class Bars(_Faults):
    """Progress bars of rich: counts, rate, remaining time. What is at work, or waited for, stands below them."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._below = ""
        self._bars = _progress_with_line(console, lambda: self._below)
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, tuple[float, int]] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, stage: str, done: int, total: int, note: str = "", waiting: str = "", now: str = "") -> None:
        """Move the stage's bar; bars of earlier stages become complete."""
        if stage not in TITLES:
            return self._complete(None)
        if stage not in self._tasks:
            self._complete(stage)
            self._tasks[stage] = self._bars.add_task(TITLES[stage], total=total or None, rate="")
            self._began[stage] = (time.monotonic(), done)
        self._below = "; ".join(filter(None, (printable(waiting or note), now and f"now {printable(now)}")))
        rate = "" if waiting or note else _rate(stage, done, *self._began[stage])
        self._bars.update(self._tasks[stage], completed=done, total=total or None, rate=rate)
        return None

    def _complete(self, but: str | None) -> None:
        for stage, task in self._tasks.items():
            if stage != but:
                shown = self._bars.tasks[task]
                total = shown.completed if stage in ENDS_EARLY else shown.total or 1
                self._bars.update(task, total=total, completed=total)
        self._below = ""


def _progress_with_line(console: Console, below: Callable[[], str]) -> Progress:
    """Bars that leave room for all columns on a terminal of 80, with one line of text below them where there is one."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class BarsAndLine(Progress):
        def get_renderables(self) -> Iterator[RenderableType]:
            yield self.make_tasks_table(self.tasks)
            if below():
                yield Text(below())

    return BarsAndLine(
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=min(32, max(4, console.width - BESIDE_BAR))),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


class Lines(_Faults):
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
        rate = note or _rate(self._stage, done, *self._began)
        left = "" if self._stage in ENDS_EARLY else _left(self._total - done, done, *self._began)
        line = f"{TITLES[self._stage]}: {done} of {self._total}"
        self._console.print(", ".join(filter(None, (line, rate, left, at_work))), markup=False, soft_wrap=True)


def _rate(stage: str, done: int, began: float, before: int) -> str:
    seconds = time.monotonic() - began
    if done <= before or seconds < 0.5 or stage not in UNITS:
        return ""
    rate = (done - before) / seconds
    return f"{rate:.1f} {UNITS[stage]}/s" if rate >= 1 else f"{60 * rate:.1f} {UNITS[stage]}/min"


def _left(missing: int, done: int, began: float, before: int) -> str:
    seconds = time.monotonic() - began
    if not missing or done <= before or seconds < 0.5:
        return ""
    left = missing * seconds / (done - before)
    return f"about {left:.0f} s left" if left < 100 else f"about {left / 60:.0f} min left"


def display(console: Console, quiet: bool = False, with_rows: bool = False) -> Display:
    """Bars on a terminal, lines elsewhere; silent where `quiet`.

    Args:
        with_rows: rows are printed on standard output meanwhile; on a terminal, bars would be drawn over them.
    """
    if quiet:
        console.quiet = True
        return Lines(console)
    is_plain = with_rows and sys.stdout.isatty()
    return Bars(console) if console.is_terminal and not is_plain else Lines(console)


def show_status(screen: Display, status: Status) -> None:
    """Show the stage of a run, and the faults of its workers."""
    # the cause of waiting is told as such
    screen.tell(status.stage, [fault for fault in status.faults if fault not in status.waiting])
    screen.show(status.stage, status.done, status.total, status.note, status.waiting, status.now)
