"""Commands that only encode photos: plan the run, show its progress, and give it back when it is finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import INTERRUPTED, finish_run, print_line, stderr_console, stop_on_interrupt

if TYPE_CHECKING:
    from storage.runs import Run

OnPhoto = Callable[[int, int], None]
"""Called with (done, total) after each photo of the catalogue."""


def encoded_run(plan: Callable[[OnPhoto], Run], quiet: bool) -> Run:
    """The finished run of the photos; ends the command where it was interrupted.

    Args:
        plan: makes the run; what it is called with shows how far its catalogue is.
    """
    from orchestrator.cli.progress import display

    screen = stderr_console()
    with display(screen, quiet) as bars:
        run = plan(lambda done, total: bars.show("catalog", done, total))
        run.let_go_on()
        with stop_on_interrupt() as stop:  # before, Ctrl-C ends the catalogue at once
            ended = finish_run(run, bars, stop)
    if ended.state != "finished":
        print_line(f"{run.run_id} is not encoded; the same command goes on with it", screen)
        raise click.exceptions.Exit(INTERRUPTED if ended.state == "running" else 1)
    return run
