"""Commands that start, resume and stop runs: run, submit, resume, cancel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.choose_run import chosen_run, read_experiment
from orchestrator.cli.completed_names import complete_folders, complete_run_or_file, complete_runs
from orchestrator.cli.options import (
    finish_run,
    json_option,
    print_ending,
    print_json,
    print_line,
    quiet_option,
    run_argument,
    settings,
    stderr_console,
    stop_on_interrupt,
    store_folder,
)
from orchestrator.cli.plan_photos import plan_photos
from storage.object_path import store_path

if TYPE_CHECKING:
    from orchestrator.scheduler.planning import Planned
    from storage.runs import Run

folder_argument = click.argument(
    "folder",
    type=str,
    callback=lambda _context, _parameter, value: store_path(value),
    shell_complete=complete_folders,
)
labels_option = click.option(
    "--labels", type=click.Path(path_type=Path), help="CSV: path,label and perhaps group,subgroup."
)
experiment_option = click.option(
    "--experiment",
    "-e",
    shell_complete=complete_run_or_file,
    type=click.Path(path_type=Path),
    help="Experiment file; `lineup init` writes one. Or the name of a run, whose experiment it takes.",
)
corrections_option = click.option(
    "--corrections",
    multiple=True,
    type=click.Path(path_type=Path),
    help="suspects.csv of an earlier run, with relabel or leave-out in the column action; again for later ones.",
)
no_wait_option = click.option(
    "--no-wait", is_flag=True, help="End with an error as soon as no worker can do the work, instead of waiting."
)
retain_option = click.option(
    "--retain-days",
    type=click.IntRange(1, 36_500),
    metavar="N",
    help="Days for which the run may be kept; `lineup doctor` reminds. Changes no result.",
)
name_option = click.option(
    "--run", "run_id", shell_complete=complete_runs, help="Name of the run; by default its content names it."
)


@click.command()
@folder_argument
@labels_option
@corrections_option
@experiment_option
@name_option
@retain_option
@no_wait_option
@quiet_option
@json_option
def run(
    folder: Path,
    labels: Path | None,
    corrections: tuple[Path, ...],
    experiment: Path | None,
    run_id: str | None,
    retain_days: int | None,
    no_wait: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare methods on FOLDER, which has one sub-folder of photos per person.

    Needs no server: a private broker and workers are started and ended with it. With LINEUP_BROKER_URL set, the
    workers of that cluster do the work. The same photos and experiment again go on where they stood.

    \b
    Examples:
      lineup run photos/
      lineup run photos/ --labels people.csv
      lineup run photos/ -e experiment.toml --json > result.json
      lineup run photos/ -e people-1a2b3c4d
      lineup run photos/ --corrections suspects.csv
      lineup run photos/ --retain-days 90
    """
    planned = _plan(folder, labels, corrections, experiment, run_id, retain_days, quiet)
    planned.run.let_go_on()
    finish_and_print(planned.run, quiet, as_json, no_wait)


@click.command()
@folder_argument
@labels_option
@corrections_option
@experiment_option
@name_option
@retain_option
@json_option
def submit(
    folder: Path,
    labels: Path | None,
    corrections: tuple[Path, ...],
    experiment: Path | None,
    run_id: str | None,
    retain_days: int | None,
    as_json: bool,
) -> None:
    """Plan a run for `lineup orchestrator` (or `lineup up`) to work on, print its name, and return.

    \b
    Examples:
      lineup submit photos/
      lineup watch "$(lineup submit photos/)"
    """
    planned = _plan(folder, labels, corrections, experiment, run_id, retain_days, quiet=True)
    planned.run.let_go_on()
    if as_json:
        print_json({"run_id": planned.run.run_id, "existed": planned.existed})
    else:
        click.echo(planned.run.run_id)


@click.command()
@run_argument
@no_wait_option
@quiet_option
@json_option
def resume(run_id: str | None, no_wait: bool, quiet: bool, as_json: bool) -> None:
    """Go on with RUN (the newest, if none is named) after a crash, a Ctrl-C or `lineup cancel`.

    \b
    Examples:
      lineup resume
      lineup resume people-1a2b3c4d
    """
    from orchestrator.scheduler.compatibility import check_resumable

    chosen = chosen_run(run_id)
    check_resumable(chosen)
    chosen.let_go_on()
    finish_and_print(chosen, quiet, as_json, no_wait)


@click.command()
@run_argument
@json_option
def cancel(run_id: str | None, as_json: bool) -> None:
    """Stop working on RUN (the newest, if none is named); `lineup resume` goes on with it.

    \b
    Example:
      lineup cancel people-1a2b3c4d
    """
    chosen = chosen_run(run_id)
    if not chosen.finished:
        chosen.cancel()
    if as_json:
        print_json({"run_id": chosen.run_id, "cancelled": not chosen.finished})
    elif chosen.finished:
        click.echo(f"{chosen.run_id} has finished already")
    else:
        click.echo(f"{chosen.run_id} is cancelled; go on with: lineup resume {chosen.run_id}")


def _plan(
    folder: Path,
    labels: Path | None,
    corrections: tuple[Path, ...],
    experiment: Path | None,
    run_id: str | None,
    retain_days: int | None,
    quiet: bool,
) -> Planned:
    from orchestrator.cli.progress import display
    from orchestrator.scheduler.planning import plan_run
    from storage.retention import set_retention

    store = store_folder()
    with display(stderr_console(), quiet) as bars:
        planned = plan_photos(
            lambda on_photo, elsewhere: plan_run(
                store, folder, labels, read_experiment(experiment), run_id, on_photo, corrections, elsewhere
            ),
            bars,
            store,
            settings(),
        )
    if retain_days is not None:
        set_retention(planned.run, retain_days)
    print_plan(planned)
    return planned


def print_plan(planned: Planned) -> None:
    """Print what was found in the photos, and whether the run exists already."""
    for sentence in planned.summary.sentences():
        print_line(sentence)
    if planned.existed:
        print_line(f"Run {planned.run.run_id} is known and goes on where it stood.")


def finish_and_print(chosen: Run, quiet: bool, as_json: bool, no_wait: bool = False) -> None:
    """Work on a run until it ends, and print its result; the exit code is 0 only where it finished.

    Raises:
        NoWorker: `no_wait`, and no worker can do the work.
    """
    from orchestrator.cli.progress import display

    with stop_on_interrupt() as stop, display(stderr_console(), quiet) as screen:
        ended = finish_run(chosen, screen, stop, no_wait)
    print_ending(chosen, ended, as_json)
