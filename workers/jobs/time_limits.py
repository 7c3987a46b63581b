"""How long each task may take.

A watchdog in the process ends an attempt that takes longer than its seconds here (storage/attempts.py). The hard
limit of a message is longer; it is for a process whose watchdog does not work.
"""

from __future__ import annotations

from storage.runs import Run

LONGEST_TASK_SECONDS = 4 * 3600
"""No task may have a longer hard limit; the experiment's `training_seconds` is capped by it."""

MARGIN_SECONDS = 60
"""Between the watchdog's limit and the hard limit."""

LOADING_SECONDS = 300
"""A million faces take minutes to read; they do not count towards the experiment's limit of a training."""

COMPARISON_SECONDS = 3_000
"""Statistics of a large grid take minutes."""

COMPARISON_HARD_SECONDS = 3_600

BATCH_FACTOR = 2
"""A chunk of photos may take this many times the limit of one photo. After a timeout its photos go one by one."""


def chunk_seconds(run: Run, photos: int) -> float:
    """Of one chunk of a message of so many photos."""
    return float(run.plan.experiment.photo_seconds * (BATCH_FACTOR if photos > 1 else 1))


def photos_hard_seconds(run: Run, photos: int) -> float:
    """Of a message of so many photos."""
    return float(min(LONGEST_TASK_SECONDS, MARGIN_SECONDS + run.plan.experiment.photo_seconds * (photos + 2)))


def training_seconds(run: Run) -> float:
    """Of one configuration on one split, and of one epoch of an encoder."""
    return float(run.plan.experiment.training_seconds)


def loading_and_training_seconds(run: Run) -> float:
    """Of one configuration on one split, with the loading of the run's faces."""
    return LOADING_SECONDS + training_seconds(run)


def refit_seconds(run: Run) -> float:
    """Of the refit of the winner: it has more faces than any split has to train on."""
    return min(LONGEST_TASK_SECONDS, LOADING_SECONDS + 2 * training_seconds(run))
