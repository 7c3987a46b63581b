"""Start, open and list runs."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineup.drive import drive, progress_display
from lineup.result import Result
from storage.errors import InputError, RunNotFound

if TYPE_CHECKING:
    from storage.experiments import Experiment
    from workers.queue.environment import Settings

logger = logging.getLogger("lineup")

PathLike = str | os.PathLike[str]


def run(
    folder: PathLike,
    labels: PathLike | None = None,
    *,
    experiment: PathLike | Mapping[str, Any] | None = None,
    configurations: Sequence[str] | None = None,
    corrections: PathLike | Sequence[PathLike] = (),
    name: str | None = None,
    store: PathLike | None = None,
    processes: int | None = None,
    progress: bool = True,
) -> Result:
    """Compare methods on a folder of photos, like the command `lineup run`.

    A broker and workers are started for it and ended with it; with LINEUP_BROKER_URL set, the workers of that cluster
    do the work. The same photos and experiment again are the same run, which goes on where it stood.

    Args:
        folder: has one sub-folder of photos a person, unless `labels` names the people; or an address, s3://….
        labels: a CSV with the columns path and label.
        experiment: an experiment file, the name of a run whose experiment is used, or the content of such a file as a
            dictionary; the defaults where it is left out.
        configurations: what competes, in place of the experiment's.
        corrections: a suspects.csv of an earlier run with the column `action` filled in, or several.
        name: of the run; by default its content names it.
        store: the folder or the address of encodings and runs; by default LINEUP_STORE.
        processes: worker processes for each queue; by default the setting (LINEUP_PROCESSES).
        progress: show how far it is: in a notebook as bars, elsewhere on standard error.

    Raises:
        LineupError: the photos, the experiment or the store cannot be used, or the run needs its user.
        KeyboardInterrupt: the run was interrupted; the same call goes on with it.
    """
    from orchestrator.cli.plan_photos import plan_photos
    from orchestrator.scheduler.planning import plan_run
    from storage.object_path import store_path

    settings, place = settings_and_store(store, processes)
    asked = _experiment(experiment, configurations, place)
    photos, people = store_path(folder), Path(labels) if labels is not None else None
    files = [corrections] if isinstance(corrections, str | os.PathLike) else corrections
    with progress_display(progress) as screen:
        screen.print_lines(_noted())
        planned = plan_photos(
            lambda on_photo, elsewhere: plan_run(
                place, photos, people, asked, name, on_photo, [Path(each) for each in files], elsewhere
            ),
            screen,
            place,
            settings,
        )
        screen.print_lines(planned.summary.sentences())
        planned.run.let_go_on()
        drive(planned.run, settings, screen)
    return Result(planned.run)


def open_run(name: str | None = None, *, store: PathLike | None = None) -> Result:
    """The run of that name, or the newest that compares; raises RunNotFound where there is none."""
    from storage import runs as stored

    _, place = settings_and_store(store, make=False)
    if name is not None:
        return Result(stored.open_run(place, name))
    found = next((each for each in runs(store=store) if each.compares), None)
    if found is None:
        raise RunNotFound(f"there is no run in {place}", 'Start one: lineup.run("photos/")')
    return found


def runs(*, store: PathLike | None = None) -> list[Result]:
    """All runs of a store, the newest first."""
    from storage import runs as stored

    _, place = settings_and_store(store, make=False)
    return [Result(stored.open_run(place, each)) for each in stored.list_runs(place)]


def settings_and_store(
    store: PathLike | None, processes: int | None = None, make: bool = True
) -> tuple[Settings, Path]:
    """The settings with these changes, and the folder of the store; raises InputError and StoreError.

    Args:
        make: create the folder where it is missing.
    """
    from orchestrator.local.known_stores import usable_store
    from storage.object_path import store_path
    from workers.queue.environment import load_settings

    changes: dict[str, Any] = {} if store is None else {"store": store_path(store)}
    if processes is not None:
        if processes < 1:
            raise InputError(f"processes is {processes}", "It is at least 1")
        changes["processes"] = processes
    settings = load_settings().model_copy(update=changes)
    return settings, usable_store(settings, make)[0]


def _noted() -> list[str]:
    """The notes on the settings, which the log gets as well."""
    from workers.queue.environment import settings_notes

    notes = settings_notes()
    for note in notes:
        logger.info(note)
    return notes


def _experiment(
    given: PathLike | Mapping[str, Any] | None, configurations: Sequence[str] | None, store: Path
) -> Experiment:
    from orchestrator.experiment.chosen_configurations import check_configurations
    from orchestrator.experiment.experiment_file import from_dict, named_experiment
    from storage.experiments import Experiment

    if given is None:
        asked = Experiment()
    elif isinstance(given, Mapping):
        asked = from_dict(given)
    else:
        asked = named_experiment(Path(given), lambda: store)
    if configurations is not None:
        asked = replace(asked, configurations=tuple(configurations))
        check_configurations(asked)
    return asked
