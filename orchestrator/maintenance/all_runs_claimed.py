"""Claim every run of a store: no orchestrator then reads encodings that are deleted, or writes them again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from storage.errors import RunConflict, StoreError
from storage.read_attempts import read_attempts
from storage.run_claim import claim
from storage.runs import list_runs, open_run


@contextlib.contextmanager
def all_runs_claimed(store: Path) -> Iterator[None]:
    """Claim every run of a store while the block lasts; one that is planned meanwhile is not claimed.

    Raises:
        RunConflict: an orchestrator or a worker is at work on a run.
    """
    with contextlib.ExitStack() as claims:
        for run_id in list_runs(store):
            try:
                run = open_run(store, run_id)
            except StoreError:
                continue  # of another version, or damaged: no process can work on it
            if not claims.enter_context(claim(run, patient=True)) or read_attempts(run.attempts)[0]:
                raise RunConflict(f"run {run_id} is being worked on", f"First: lineup cancel {run_id}")
        yield
