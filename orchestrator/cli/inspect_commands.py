"""Commands that only read the store: status, watch, runs, report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.choose_run import chosen_run
from orchestrator.cli.idle_run import Idleness, idle_words, is_idle
from orchestrator.cli.options import (
    json_option,
    print_ending,
    print_json,
    print_line,
    quiet_option,
    run_argument,
    status_line,
    stderr_console,
    stdout_console,
    stop_on_interrupt,
    store_folder,
)
from orchestrator.text import browser_address
from storage.errors import InputError, RunNotFound
from storage.printable import printable

if TYPE_CHECKING:
    from orchestrator.report.runs_table import RunSummary
    from orchestrator.scheduler.status import Status
    from storage.runs import Run


@click.command()
@run_argument
@json_option
def status(run_id: str | None, as_json: bool) -> None:
    """Print the state of RUN (the newest, if none is named).

    \b
    Examples:
      lineup status
      lineup status people-1a2b3c4d --json
    """
    from orchestrator.scheduler.differing_workers import differing_workers
    from orchestrator.scheduler.status import status_as_json, status_of
    from storage.worker_faults import live_workers

    chosen = chosen_run(run_id)
    found = status_of(chosen)
    if as_json:
        print_json(status_as_json(found))
        return
    click.echo(printable(status_line(found)))
    if found.state == "running" and not _tell_if_idle(chosen):
        for sentence in [found.waiting] if found.waiting else found.faults:
            print_line(sentence)
    if found.state == "running":
        for sentence in differing_workers(chosen.plan, live_workers(chosen.store)):
            print_line(sentence)


def _tell_if_idle(chosen: Run) -> bool:
    idle = is_idle(chosen, patient=True)
    if idle:
        print_line(idle_words(chosen))
    return idle


@click.command()
@run_argument
@quiet_option
@json_option
def watch(run_id: str | None, quiet: bool, as_json: bool) -> None:
    """Show the progress of RUN until it ends, then its result. Ctrl-C stops watching, not the run.

    Says so where nobody works on it: a run that was submitted waits for `lineup up` or `lineup orchestrator`.

    \b
    Example:
      lineup watch "$(lineup submit photos/)"
    """
    from orchestrator.cli.progress import display, show_status
    from orchestrator.local.drive_run import watch_run

    chosen = chosen_run(run_id)
    idleness = Idleness(chosen)

    def show(found: Status) -> None:
        if found.state == "running" and idleness.lasts():
            found = replace(found, faults=(idle_words(chosen), *found.faults))
        show_status(screen, found)

    with stop_on_interrupt() as stop, display(stderr_console(), quiet or as_json) as screen:
        ended = watch_run(chosen, show, stop)
    print_ending(chosen, ended, as_json, f"Look again with: lineup watch {chosen.run_id}")


@click.command()
@click.option("--html", "as_page", is_flag=True, help="Write a page that leads to all reports.")
@json_option
def runs(as_page: bool, as_json: bool) -> None:
    """List all runs of the store, the newest first: people, photos, what is recommended, its accuracy, the state.

    A run that is not finished is running, waiting for workers, interrupted (nobody works on it), cancelled or stopped.

    \b
    Examples:
      lineup runs
      lineup runs --html
      lineup runs --json
    """
    from orchestrator.report.runs_page import draw_runs
    from orchestrator.report.runs_table import runs_text, summary_as_json
    from orchestrator.scheduler.status import status_as_json
    from storage.runs import list_runs

    folder = store_folder(make=False)
    found = [(_summary(folder, name), _standing(folder, name)) for name in list_runs(folder)]
    if as_json:
        print_json([{**status_as_json(one), **summary_as_json(summary)} for summary, one in found])
        return
    if not found:
        print_line(f"There is no run in {folder}. Start one: lineup run FOLDER")
        return
    rows = [(one.run_id, summary, _state_words(folder, one)) for summary, one in found]
    if as_page:
        print_line(f"Runs: {browser_address(draw_runs(folder, rows))}", stdout_console())
        return
    for line in runs_text(rows):
        click.echo(line)


def _state_words(folder: Path, found: Status) -> str:
    from storage.runs import open_run

    words = status_line(found).removeprefix(found.run_id).strip()
    if found.state != "running":
        return words
    state = "interrupted" if is_idle(open_run(folder, found.run_id)) else "waiting" if found.waiting else "running"
    why = f": {found.waiting}" if state == "waiting" else ""
    return f"{state}{words.removeprefix('running')}{why}"


def _summary(folder: Path, name: str) -> RunSummary:
    from orchestrator.report.runs_table import RunSummary, summary_of
    from storage.errors import LineupError
    from storage.runs import open_run

    try:
        return summary_of(open_run(folder, name))
    except LineupError:
        return RunSummary()


def _standing(folder: Path, name: str) -> Status:
    """The status of a run; one that cannot be read has the status `unreadable`."""
    from orchestrator.scheduler.status import Status, status_of
    from storage.errors import LineupError
    from storage.runs import open_run

    try:
        return status_of(open_run(folder, name))
    except LineupError as error:
        return Status(name, "unreadable", "", reason=str(error))


@click.command()
@run_argument
@json_option
@click.option(
    "--format", "shape", type=click.Choice(["html", "md", "csv", "json", "latex"]), help="Print it in this form."
)
def report(run_id: str | None, as_json: bool, shape: str | None) -> None:
    """Print the result of RUN (the newest, if none is named) and where its report is, which is drawn anew.

    With --format the page itself (html), the answer and table (md), every figure (csv, json), or a tabular (latex).

    \b
    Examples:
      lineup report
      lineup report people-1a2b3c4d --json
      lineup report --format latex > table.tex
    """
    from orchestrator.cli.output import print_result, printed_as, result_of
    from orchestrator.report.build import draw_report
    from orchestrator.scheduler.compatibility import check_readable
    from storage.plans import FACES_RUN

    chosen = chosen_run(run_id)
    if chosen.plan.kind == FACES_RUN:
        raise InputError(f"run {chosen.run_id} only encodes photos", "It has no report")
    if chosen.compares:
        if not chosen.comparison.exists():
            raise RunNotFound(f"run {chosen.run_id} has no result yet", f"Finish it: lineup resume {chosen.run_id}")
        check_readable(chosen)
        draw_report(chosen)
    elif not chosen.finished:
        raise RunNotFound(f"run {chosen.run_id} has no encoder yet", f"Finish it: lineup resume {chosen.run_id}")
    if as_json or shape == "json":
        print_json(result_of(chosen))
    elif shape:
        click.echo(printed_as(chosen, shape), nl=False)
    else:
        print_result(chosen, stdout_console())
