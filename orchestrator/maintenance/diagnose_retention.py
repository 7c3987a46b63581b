"""Which runs are older than they may be (`lineup run --retain-days`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from orchestrator.maintenance.diagnosis import ERROR, Diagnosis, fine
from storage.errors import LineupError
from storage.retention import age_in_days, retention_of
from storage.runs import list_runs, open_run


def overdue_runs(store: Path, now: datetime | None = None) -> Iterator[Diagnosis]:
    """An error for each run that is kept too long; one line for the others that have a limit."""
    within = 0
    for run_id in list_runs(store):
        try:
            run = open_run(store, run_id)
            days, age = retention_of(run), age_in_days(run, now)
        except (LineupError, ValueError) as error:
            yield Diagnosis("retention", ERROR, f"{run_id}: {error}", "Decide by hand how long it may be kept")
            continue
        if days is None:
            continue
        if age <= days:
            within += 1
            continue
        hint = f"Delete {run.folder}, and {run.encodings} where no other run needs it; or give it more --retain-days"
        yield Diagnosis("retention", ERROR, f"{run_id} may be kept for {days} days, and is {age:.0f} days old", hint)
    if within:
        yield fine("retention", f"{within} runs are younger than their limit of days")
