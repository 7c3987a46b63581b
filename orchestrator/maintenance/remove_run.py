"""Remove a run: its folder goes, and what is known of its files; the shared encodings of its photos stay."""

from __future__ import annotations

from storage.encoder_settings import OwnEncoder
from storage.erase_photos import delete
from storage.errors import LineupError, RunConflict
from storage.known_files import forget_known_files
from storage.read_attempts import read_attempts
from storage.run_claim import claim
from storage.runs import RUN_FILE, Run, list_runs, open_run
from storage.write_whole import write_bytes


def check_removable(run: Run) -> None:
    """Raises RunConflict where somebody works on the run, or another run compares with its encoder."""
    users = [name for name in list_runs(run.store) if name != run.run_id and _needs(run, name)]
    if users:
        raise RunConflict(
            f"run {run.run_id} trained an encoder that {', '.join(users)} compares with", "Remove that run first"
        )
    with claim(run, patient=True) as claimed:
        if not claimed:
            raise RunConflict(
                f"an orchestrator is working on {run.run_id}", f"Stop it first: lineup cancel {run.run_id}"
            )
        _check_no_worker(run)


def _check_no_worker(run: Run) -> None:
    """Raise RunConflict where a worker has begun something of the run: it would write it after the removal."""
    if read_attempts(run.attempts)[0]:
        raise RunConflict(
            f"a worker is at work on {run.run_id}",
            f"Run lineup cancel {run.run_id}, wait until its workers have ended what they began, then try again",
        )


def remove_run(run: Run) -> None:
    """Delete a run's folder. Workers drop messages of a run that is not there any more.

    Raises:
        RunConflict: see `check_removable`.
        StoreError: a file cannot be deleted.
    """
    check_removable(run)
    _delete_plan(run)
    delete(run.folder)
    if not any(_is_of(run, name) for name in list_runs(run.store)):
        forget_known_files(run.store, run.plan.dataset)


def _delete_plan(run: Run) -> None:
    """Delete run.json, which is what makes it a run; it is put back where a worker has just begun something of it.

    A worker notes its attempt, then looks for run.json; here it is deleted first, then attempts are looked for. So
    either the worker finds that the run was removed, or its attempt is found.
    """
    path = run.folder / RUN_FILE
    plan = path.read_bytes()
    delete(path)
    try:
        _check_no_worker(run)
    except RunConflict:
        write_bytes(path, plan)
        raise


def _is_of(run: Run, name: str) -> bool:
    """Whether a run of that name is of the same photos, or of unknown ones."""
    try:
        return open_run(run.store, name).plan.dataset == run.plan.dataset
    except LineupError:
        return True


def _needs(run: Run, name: str) -> bool:
    try:
        encoders = open_run(run.store, name).plan.experiment.encoders.values()
    except LineupError:
        return False
    return any(isinstance(encoder, OwnEncoder) and encoder.run == run.run_id for encoder in encoders)
