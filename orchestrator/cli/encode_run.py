"""Commands that only encode photos: plan the run, show its progress, and give it back when it is finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import (
    INTERRUPTED,
    finish_run,
    print_line,
    settings,
    stderr_console,
    stop_on_interrupt,
    store_folder,
)
from orchestrator.cli.plan_photos import plan_photos

if TYPE_CHECKING:
    from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere
    from storage.runs import Run


def encoded_run(plan: Callable[[OnPhoto, ScanElsewhere | None], Run], quiet: bool) -> Run:
    """The finished run of the photos; ends the command where it was interrupted.

    Args:
        plan: of `plan_photos`.
    """
    from orchestrator.cli.progress import display

    screen = stderr_console()
    with display(screen, quiet) as bars:
        run = plan_photos(plan, bars, store_folder(), settings())
        run.let_go_on()
        with stop_on_interrupt() as stop:  # before, Ctrl-C ends the catalogue at once
            ended = finish_run(run, bars, stop)
    if ended.state != "finished":
        print_line(f"{run.run_id} is not encoded; the same command goes on with it", screen)
        raise click.exceptions.Exit(INTERRUPTED if ended.state == "running" else 1)
    return run
