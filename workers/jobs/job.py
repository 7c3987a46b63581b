"""What all jobs have in common."""

from __future__ import annotations

from storage.errors import InputError
from storage.runs import Run
from workers.learning.configurations import LEARNING_VERSION


class Refused(InputError):
    """A message that the orchestrator would not send: the worker drops it."""


def check_version(run: Run) -> None:
    """Raise Refused where this worker would not learn as the run's other workers do."""
    if run.plan.learning_version != LEARNING_VERSION:
        raise Refused(f"run {run.run_id} was planned with another version of the code that learns than this worker's")
