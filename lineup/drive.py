"""Work on a run in this process, and show its progress; Ctrl-C, or a notebook's stop button, ends it in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from orchestrator.cli.progress import Display, display, show_status
from orchestrator.stop_request import StopRequest
from storage.errors import RunStuck
from storage.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from storage.runs import Run
    from workers.queue.environment import Settings


class Screen(Display, Protocol):
    """A display that also prints sentences."""

    def __enter__(self) -> Screen: ...

    def print_lines(self, lines: Iterable[str]) -> None: ...


def drive(run: Run, settings: Settings, screen: Screen) -> None:
    """Work on a run until it has finished.

    Raises:
        LineupError: it needs its user.
        KeyboardInterrupt: it was interrupted; all processes have ended, and it can go on.
    """
    from orchestrator.local.drive_run import drive_run

    if run.finished:
        return
    with _stop_on_interrupt() as stop:
        ended = drive_run(run, run.store, settings, lambda status: show_status(screen, status), stop)
    go_on = f"Go on with: lineup.open_run({run.run_id!r}).resume()"
    if stop.is_set() and ended.state == "running":
        raise KeyboardInterrupt(f"run {run.run_id} was interrupted. {go_on}")
    if ended.state != "finished":
        reason = f": {ended.reason}" if ended.reason else ""
        raise RunStuck(f"run {run.run_id} is {ended.state}{reason}", go_on)


def progress_display(wanted: bool) -> Screen:
    """Bars in a notebook, the command line's display elsewhere; nothing where it is not wanted."""
    from rich.console import Console

    from lineup.notebook import NotebookDisplay, in_notebook

    if wanted and in_notebook():
        return NotebookDisplay()
    console = Console(stderr=True, highlight=False)
    return _Terminal(display(console, quiet=not wanted), console)


class _Terminal:
    """The command line's display with its console."""

    def __init__(self, shown: Display, console: Console) -> None:
        self._shown, self._console = shown, console
        self.show, self.tell = shown.show, shown.tell

    def __enter__(self) -> _Terminal:
        self._shown.__enter__()
        return self

    def __exit__(self, *ended: object) -> None:
        self._shown.__exit__(None, None, None)

    def print_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.print(printable(line), markup=False, soft_wrap=True)


@contextmanager
def _stop_on_interrupt() -> Iterator[StopRequest]:
    """A request to stop that the first interrupt makes; a second one raises KeyboardInterrupt at once.

    Python calls signal handlers in the main thread only; in another thread nothing interrupts.
    """
    stop = StopRequest()

    def ask(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, ask) if in_main else None
    try:
        yield stop
    finally:
        if in_main:
            signal.signal(signal.SIGINT, before)
        stop.close()
