"""Whether the installed code can go on with a run: face engine, learning code, trained encoders.

A run that begins with one version and ends with another would mix results. RunStuck says what to do instead.
"""

from __future__ import annotations

from storage.errors import RunStuck, StoreError
from storage.finding_schemas import COMPARISON_TABLES
from storage.plans import ENCODER_RUN
from storage.runs import Run
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.jobs.planned_encoders import check_planned_encoders
from workers.learning.configurations import LEARNING_VERSION


def check_engine(run: Run) -> None:
    """Raise RunStuck where the installed face engine is not the one that the run was planned with."""
    if engine_fingerprint(run.plan.engine) != run.plan.engine_fingerprint:
        raise RunStuck(
            f"run {run.run_id} was planned with another version of the face engine",
            "Use that version, or start a new run, which encodes the photos again",
        )


def check_learning(run: Run) -> None:
    """Raise RunStuck where the installed learning code is not the one that the run was planned with."""
    if run.plan.learning_version != LEARNING_VERSION:
        raise RunStuck(
            f"run {run.run_id} was planned with another version of the code that learns",
            "Use that version, or start a new run; its photos are encoded already",
        )


def check_readable(run: Run) -> None:
    """Raise RunStuck where another version of the learning code wrote the run's results: their tables differ."""
    page = run.report / "index.html"
    if run.compares and run.splits.is_file() and run.plan.learning_version != LEARNING_VERSION:
        kept = f"Its page is {page}. " if page.exists() else ""
        raise RunStuck(
            f"another version of Lineup made the results of run {run.run_id}",
            f"{kept}Use that version, or start a new run; its photos are encoded already",
        )


def check_encoders(run: Run) -> None:
    """Raise RunStuck where an encoder that the run was planned with is gone or has changed."""
    try:
        check_planned_encoders(run)
    except StoreError as error:
        raise RunStuck(error.what, error.hint) from error


def check_resumable(run: Run) -> None:
    """Raise RunStuck where the installed code cannot do what is left of the run; reads no table."""
    if run.finished:
        return
    if not run.faces.is_file():
        check_engine(run)
    compared = all(run.table(name).is_file() for name in COMPARISON_TABLES)
    if run.plan.kind == ENCODER_RUN or (run.compares and not compared):
        check_learning(run)
    if run.compares and not compared:
        check_encoders(run)
