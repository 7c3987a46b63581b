"""Commands about runs: run, submit, status, watch, resume, cancel, runs, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.commands.common import (
    INTERRUPTED,
    chosen_run,
    console,
    finish_run,
    json_option,
    output,
    print_json,
    read_experiment,
    run_argument,
    stop_on_interrupt,
    store,
)
from storage.errors import InputError, RunNotFound

if TYPE_CHECKING:
    from orchestrator.planning import Planned
    from orchestrator.reconcile import Status
    from storage.runs import Run

folder_argument = click.argument("folder", type=click.Path(path_type=Path))
labels_option = click.option(
    "--labels", type=click.Path(path_type=Path), help="CSV with the columns path,label, for a flat folder."
)
experiment_option = click.option(
    "--experiment", "-e", type=click.Path(path_type=Path), help="Experiment file; `lineup init` writes one."
)
name_option = click.option("--run", "run_id", help="Name of the run; by default its content names it.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress.")


@click.command()
@folder_argument
@labels_option
@experiment_option
@name_option
@quiet_option
@json_option
def run(
    folder: Path, labels: Path | None, experiment: Path | None, run_id: str | None, quiet: bool, as_json: bool
) -> None:
    """Compare methods on FOLDER, which has one sub-folder of photos per person.

    Needs no server: a private broker and workers are started and ended with it. With LINEUP_BROKER_URL set, the
    workers of that cluster do the work. The same photos and experiment again go on where they stood.

    \b
    Examples:
      lineup run photos/
      lineup run photos/ --labels people.csv
      lineup run photos/ -e experiment.toml --json > result.json
    """
    planned = _plan(folder, labels, experiment, run_id, quiet)
    planned.run.let_go_on()
    work_on(planned.run, quiet, as_json)


@click.command()
@folder_argument
@labels_option
@experiment_option
@name_option
@json_option
def submit(folder: Path, labels: Path | None, experiment: Path | None, run_id: str | None, as_json: bool) -> None:
    """Plan a run for `lineup orchestrator` (or `lineup up`) to work on, print its name, and return.

    \b
    Examples:
      lineup submit photos/
      lineup watch "$(lineup submit photos/)"
    """
    planned = _plan(folder, labels, experiment, run_id, quiet=True)
    planned.run.let_go_on()
    if as_json:
        print_json({"run_id": planned.run.run_id, "existed": planned.existed})
    else:
        click.echo(planned.run.run_id)


@click.command()
@run_argument
@json_option
def status(run_id: str | None, as_json: bool) -> None:
    """Say where RUN stands (the newest, if none is named).

    \b
    Examples:
      lineup status
      lineup status people-1a2b3c4d --json
    """
    from orchestrator.reconcile import as_json as plain
    from orchestrator.reconcile import look_at

    chosen = chosen_run(run_id)
    found = look_at(chosen)
    if as_json:
        print_json(plain(found))
        return
    click.echo(_sentence(found))
    if found.state == "running":
        _tell_if_idle(chosen)


def _tell_if_idle(chosen: Run) -> None:
    from storage.runs import claim

    with claim(chosen) as nobody:
        idle = nobody
    if idle:
        words = f"Nobody is working on it. Go on with: lineup resume {chosen.run_id}, or start `lineup orchestrator`"
        console().print(words, markup=False, soft_wrap=True)


@click.command()
@run_argument
@quiet_option
@json_option
def watch(run_id: str | None, quiet: bool, as_json: bool) -> None:
    """Show the progress of RUN until it ends, then its result. Ctrl-C stops watching, not the run.

    \b
    Example:
      lineup watch "$(lineup submit photos/)"
    """
    from orchestrator.progress import display, show_status
    from orchestrator.running import watch as follow

    chosen = chosen_run(run_id)
    with stop_on_interrupt() as stop, display(console(), quiet or as_json) as screen:
        ended = follow(chosen, lambda one: show_status(screen, one), stop)
    _conclude(chosen, ended, as_json, f"Look again with: lineup watch {chosen.run_id}")


@click.command()
@run_argument
@quiet_option
@json_option
def resume(run_id: str | None, quiet: bool, as_json: bool) -> None:
    """Go on with RUN (the newest, if none is named) after a crash, a Ctrl-C or `lineup cancel`.

    \b
    Examples:
      lineup resume
      lineup resume people-1a2b3c4d
    """
    chosen = chosen_run(run_id)
    chosen.let_go_on()
    work_on(chosen, quiet, as_json)


@click.command()
@run_argument
@json_option
def cancel(run_id: str | None, as_json: bool) -> None:
    """Stop working on RUN (the newest, if none is named); `lineup resume` goes on with it."""
    chosen = chosen_run(run_id)
    if not chosen.finished:
        chosen.cancel()
    if as_json:
        print_json({"run_id": chosen.run_id, "cancelled": not chosen.finished})
    elif chosen.finished:
        click.echo(f"{chosen.run_id} has finished already")
    else:
        click.echo(f"{chosen.run_id} is cancelled; go on with: lineup resume {chosen.run_id}")


@click.command()
@json_option
def runs(as_json: bool) -> None:
    """List all runs of the store, the newest first."""
    from orchestrator.findings import printable
    from orchestrator.reconcile import as_json as plain
    from storage.runs import list_runs

    folder = store(make=False)
    found = [_standing(folder, name) for name in list_runs(folder)]
    if as_json:
        print_json([plain(one) for one in found])
        return
    width = max((len(one.run_id) for one in found), default=0)
    for one in found:
        click.echo(printable(_sentence(one, width)))
    if not found:
        console().print(f"There is no run in {folder}. Start one: lineup run FOLDER", markup=False, soft_wrap=True)


def _standing(folder: Path, name: str) -> Status:
    """Where a run stands; one that cannot be read is said to be so, and hides no other."""
    from orchestrator.reconcile import Status, look_at
    from storage.errors import LineupError
    from storage.runs import open_run

    try:
        return look_at(open_run(folder, name))
    except LineupError as error:
        return Status(name, "unreadable", "", reason=str(error))


@click.command()
@run_argument
@json_option
def report(run_id: str | None, as_json: bool) -> None:
    """Print the result of RUN (the newest, if none is named) and where its report is, which is drawn anew.

    \b
    Examples:
      lineup report
      lineup report people-1a2b3c4d --json
    """
    from orchestrator.commands.results import print_result, result_of
    from orchestrator.drawing import draw_report
    from storage.plans import FACES_RUN

    chosen = chosen_run(run_id)
    if chosen.plan.kind == FACES_RUN:
        raise InputError(f"run {chosen.run_id} only encodes photos", "It has no report")
    if chosen.compares:
        if not chosen.comparison.exists():
            raise RunNotFound(f"run {chosen.run_id} has no result yet", f"Finish it: lineup resume {chosen.run_id}")
        draw_report(chosen)
    elif not chosen.finished:
        raise RunNotFound(f"run {chosen.run_id} has no encoder yet", f"Finish it: lineup resume {chosen.run_id}")
    if as_json:
        print_json(result_of(chosen))
    else:
        print_result(chosen, output())


def _plan(folder: Path, labels: Path | None, experiment: Path | None, run_id: str | None, quiet: bool) -> Planned:
    from orchestrator.planning import plan_run
    from orchestrator.progress import display

    with display(console(), quiet) as bars:
        planned = plan_run(
            store(),
            folder,
            labels,
            read_experiment(experiment),
            run_id,
            lambda done, total: bars.show("catalog", done, total),
        )
    tell_plan(planned)
    return planned


def tell_plan(planned: Planned) -> None:
    """What was found in the photos, and whether the run is known."""
    screen = console()
    for sentence in planned.findings.sentences():
        screen.print(sentence, markup=False, soft_wrap=True)
    if planned.existed:
        screen.print(f"Run {planned.run.run_id} is known and goes on where it stood.", markup=False, soft_wrap=True)


def work_on(chosen: Run, quiet: bool, as_json: bool) -> None:
    """Bring a run to its end and tell what came of it; exits with another code than 0 where it did not end."""
    from orchestrator.progress import display

    with stop_on_interrupt() as stop, display(console(), quiet) as screen:
        ended = finish_run(chosen, screen, stop)
    _conclude(chosen, ended, as_json)


def _conclude(chosen: Run, ended: Status, as_json: bool, if_running: str = "") -> None:
    from orchestrator.commands.results import print_result, result_of
    from orchestrator.reconcile import as_json as plain

    if ended.state == "finished":
        if as_json:
            print_json(result_of(chosen))
        else:
            print_result(chosen, output())
        return
    if as_json:
        print_json(plain(ended))
    go_on = f"Go on with: lineup resume {chosen.run_id}"
    if ended.state == "running":
        go_on = if_running or go_on
    console().print(f"{_sentence(ended)}\n{go_on}", markup=False, soft_wrap=True)
    raise click.exceptions.Exit(INTERRUPTED if ended.state == "running" else 1)


def _sentence(found: Status, width: int = 0) -> str:
    counts = f" {found.done}/{found.total}" if found.total else ""
    told = found.reason or found.note
    reason = f": {told}" if told else ""
    stage = f", {found.stage}{counts}" if found.state in ("running", "cancelled", "stopped") else ""
    return f"{found.run_id:<{width}}  {found.state}{stage}{reason}"
