"""Load the recogniser of a run, or fit it where it is not stored yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from storage.enrolled_people import enrolled_models
from storage.errors import RunConflict, RunNotFound
from storage.runs import Run
from workers.jobs.enrolled_faces import enrolled_faces
from workers.jobs.refit_winner import folder_of, is_refitted, refit, winner_of_run
from workers.recognition.recogniser import Recogniser, load_recogniser


def recogniser_of(
    run: Run,
    name: str | None = None,
    likeness: float | None = None,
    before_fit: Callable[[str], None] | None = None,
    smallest_face: int | None = None,
) -> Recogniser:
    """The recogniser of the run's winner, or of the configuration `name`; fitted in this process if not stored.

    It knows the people who were enrolled, too.

    Args:
        likeness: replaces the stored threshold, 0 to 100 %.
        before_fit: called with the configuration's name before it is fitted.
        smallest_face: replaces the run's setting of that name, pixels.

    Raises:
        RunNotFound: the run is not finished.
        RunConflict: no configuration of the run that looks at faces succeeded.
        InputError: there is no such configuration, or it cannot be fitted.
        StoreError: what is stored is damaged or of another version.
    """
    name = name or _winner_of(run)
    folder, extended = folder_of(run, name), enrolled_models(run)
    if extended:
        folder = extended / folder.name
    if not is_refitted(folder):
        if before_fit:
            before_fit(name)
        refit(run, name, folder, enrolled_faces(run) if extended else ())
    recogniser = load_recogniser(folder)
    if smallest_face is not None:
        recogniser = replace(recogniser, engine=replace(recogniser.engine, smallest_face=smallest_face))
    return recogniser if likeness is None else recogniser.needing(likeness)


def _winner_of(run: Run) -> str:
    if not run.comparison.exists():
        raise RunNotFound(f"run {run.run_id} has no comparison yet", f"Finish it: lineup resume {run.run_id}")
    name = winner_of_run(run)
    if name is None:
        raise RunConflict(f"in run {run.run_id} no configuration that looks at faces succeeded", "See its report")
    return name
