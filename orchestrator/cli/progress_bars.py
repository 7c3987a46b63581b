"""Progress on a terminal: a bar for each stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from orchestrator.cli.progress_words import ENDS_EARLY, TITLES, FaultLines, rate_words
from storage.printable import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID

BESIDE_BAR = 56
"""Columns for the title, the count, the rate and the time beside a bar."""


class Bars(FaultLines):
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
            return self._complete(None, done)
        if stage not in self._tasks:
            self._complete(stage, 0)
            self._tasks[stage] = self._bars.add_task(TITLES[stage], total=total or None, rate="")
            self._began[stage] = (time.monotonic(), done)
        self._below = "; ".join(filter(None, (printable(waiting or note), now and f"now {printable(now)}")))
        rate = "" if waiting or note else rate_words(stage, done, *self._began[stage])
        self._bars.update(self._tasks[stage], completed=done, total=total or None, rate=rate)
        return None

    def _complete(self, but: str | None, last: int) -> None:
        """Complete bars; where a stage ended that may end early is known from the status after it."""
        for stage, task in self._tasks.items():
            if stage != but:
                shown = self._bars.tasks[task]
                total = max(shown.completed, last) if stage in ENDS_EARLY else shown.total or 1
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
