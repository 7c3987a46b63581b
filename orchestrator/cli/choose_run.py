"""Which run, and which experiment, a command means; a name that is misspelt is told with the one that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.options import print_line, store_folder
from storage.errors import RunNotFound

if TYPE_CHECKING:
    from storage.experiments import Experiment
    from storage.runs import Run


def chosen_run(run_id: str | None) -> Run:
    """The run of that name, or the newest that compares; raises RunNotFound."""
    from storage.runs import list_runs, open_run

    folder = store_folder(make=False)
    if run_id is not None:
        return _named_run(folder, run_id)
    newest = (open_run(folder, name) for name in list_runs(folder))
    chosen = next((run for run in newest if run.compares), None)
    if chosen is None:
        raise RunNotFound(f"there is no run in {folder}", "Start one: lineup run FOLDER")
    return chosen


def finished_run(run_id: str | None, quiet: bool) -> Run:
    """The run of that name, or the newest that has a comparison, which is named unless `quiet`; raises RunNotFound."""
    from storage.runs import list_runs, open_run

    if run_id is not None:
        return chosen_run(run_id)
    folder = store_folder(make=False)
    newest = (open_run(folder, name) for name in list_runs(folder))
    chosen = next((run for run in newest if run.compares and run.comparison.exists()), None)
    if chosen is None:
        raise RunNotFound(f"no run in {folder} has compared anything yet", "Start one: lineup run FOLDER")
    if not quiet:
        print_line(f"Run {chosen.run_id}, the newest that has finished.")
    return chosen


def read_experiment(path: Path | None) -> Experiment:
    """The experiment of that file or of the run of that name, or the default; raises ExperimentError."""
    from orchestrator.experiment.experiment_file import named_experiment
    from storage.experiments import Experiment

    return Experiment() if path is None else named_experiment(path, lambda: store_folder(make=False))


def _named_run(folder: Path, run_id: str) -> Run:
    from storage.runs import list_runs, open_run
    from storage.validation import did_you_mean

    try:
        return open_run(folder, run_id)
    except RunNotFound as error:
        near = did_you_mean(run_id, list_runs(folder))
        raise RunNotFound(error.what, f"{near}{error.hint}") from error
