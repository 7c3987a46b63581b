"""The progress of a run: a bar per stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from orchestrator.cli.progress_bars import Bars
from orchestrator.cli.progress_lines import Lines

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.scheduler.status import Status


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
