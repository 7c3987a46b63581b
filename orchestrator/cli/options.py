"""What the commands share: options, the store, printing, Ctrl-C."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.completed_names import complete_runs
from orchestrator.stop_request import Stop, StopRequest
from storage.errors import NoWorker
from storage.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.cli.progress import Display
    from orchestrator.scheduler.status import Status
    from storage.runs import Run
    from workers.queue.environment import Settings

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended, as shells know it."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Print no progress.")
run_argument = click.argument("run_id", metavar="[RUN]", required=False, shell_complete=complete_runs)


def stderr_console() -> Console:
    """Messages go to standard error, so that standard output can be piped. NO_COLOR is respected."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def stdout_console() -> Console:
    """Results go to standard output."""
    from rich.console import Console

    return Console(highlight=False)


def print_line(line: str, screen: Console | None = None) -> None:
    """Print a line without markup, its control characters escaped; on standard error unless a console is given."""
    (screen or stderr_console()).print(printable(line), markup=False, soft_wrap=True)


def print_lines(lines: list[str]) -> None:
    """Lines of a result, on standard output."""
    screen = stdout_console()
    for line in lines:
        print_line(line, screen)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True, default=str))


def settings() -> Settings:
    """The settings; says once which of them a file in the current folder decided. Raises InputError."""
    from workers.queue.environment import load_settings, settings_notes

    loaded = load_settings()
    for note in settings_notes():
        _tell_once(note)
    return loaded


@functools.cache
def _tell_once(line: str) -> None:
    print_line(line)


def store_folder(make: bool = True) -> Path:
    """The store's folder; see `orchestrator.local.known_stores.usable_store`."""
    from orchestrator.local.known_stores import usable_store

    opened, is_remembered = usable_store(settings(), make)
    if not is_remembered:
        _tell_once("warning: the cache cannot be written, so the next command will not know ./lineup-store as yours")
    return opened


def finish_run(chosen: Run, screen: Display, stop: Stop, no_wait: bool = False) -> Status:
    """Work on a run until it ends, and show its progress; raises LineupError where it needs a person.

    Args:
        no_wait: raise NoWorker where it cannot go on now.
    """
    from orchestrator.cli.progress import show_status
    from orchestrator.local.drive_run import drive_run
    from orchestrator.scheduler.status import status_of

    if chosen.finished:
        return status_of(chosen)

    def show(status: Status) -> None:
        show_status(screen, status)
        if no_wait and status.waiting:
            raise NoWorker(status.waiting, f"Go on with: lineup resume {chosen.run_id}")

    return drive_run(chosen, store_folder(), settings(), show, stop)


@contextmanager
def stop_on_interrupt() -> Iterator[Stop]:
    """A request to stop that Ctrl-C and TERM make; a second Ctrl-C ends the process at once."""
    stop = StopRequest()

    def ask(number: int, _frame: object) -> None:
        if stop.is_set():
            sys.exit(INTERRUPTED)
        stop.set()
        if number == signal.SIGINT:
            # not through sys.stderr: the signal may have come in the midst of a write to it
            with suppress(OSError):
                os.write(2, b"Stopping, which may take some seconds; Ctrl-C again ends at once.\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()


def print_ending(chosen: Run, ended: Status, as_json: bool, if_running: str = "") -> None:
    """Print the result of a run, or its state; the exit code is 0 only where it finished.

    Args:
        if_running: the advice where the run is still running; by default, how to resume it.
    """
    from orchestrator.cli.output import print_result, result_of
    from orchestrator.scheduler.status import status_as_json

    if ended.state == "finished":
        if as_json:
            print_json(result_of(chosen))
        else:
            print_result(chosen, stdout_console())
        return
    if as_json:
        print_json(status_as_json(ended))
    go_on = f"Go on with: lineup resume {chosen.run_id}"
    if ended.state == "running":
        go_on = if_running or go_on
    if ended.waiting:
        print_line(f"It waited: {ended.waiting}")
    print_line(status_line(ended))
    print_line(go_on)
    raise click.exceptions.Exit(INTERRUPTED if ended.state == "running" else 1)


def status_line(found: Status, width: int = 0) -> str:
    """The state of a run in one line; `width` is that of its first column."""
    counts = f" {found.done}/{found.total}" if found.total else ""
    words = found.reason or ("" if found.state == "finished" else found.note)
    reason = f": {words}" if words else ""
    stage = f", {found.stage}{counts}" if found.state in ("running", "cancelled", "stopped") else ""
    return f"{found.run_id:<{width}}  {found.state}{stage}{reason}"
