"""The trainings of a run: the orchestrator sends them, and the comparison waits for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from storage.parts import part_path
from storage.runs import Run
from storage.schemas import SPLITS
from storage.tables import read_table
from workers.jobs.part_names import training_part

Training = tuple[str, int, int]
"""Configuration, repeat, fold."""


def planned_trainings(run: Run, splits: pa.Table) -> dict[str, Training]:
    """Every training of a run by the name of its part; the slow ones first.

    Args:
        splits: SPLITS, or its columns repeat and fold.
    """
    numbers = sorted(set(zip(splits["repeat"].to_pylist(), splits["fold"].to_pylist(), strict=True)))
    names: Sequence[str] = sorted(run.plan.experiment.configurations, key=_slow_first)
    wanted = [(name, repeat, fold) for name in names for repeat, fold in numbers]
    return {training_part(run.plan.fingerprint, *each): each for each in wanted}


def lacks_trainings(run: Run) -> str:
    """What is missing before the scores of a run can be compared, in words; empty where nothing is.

    Raises:
        StoreError: the splits are damaged.
    """
    if not run.splits.is_file():
        return "its splits are not made yet"
    wanted = planned_trainings(run, read_table(run.splits, SPLITS, ["repeat", "fold"]))
    folders = (run.fits, run.scores)
    left = sum(1 for part in wanted if not all(part_path(folder, part).is_file() for folder in folders))
    return f"{left} of {len(wanted)} trainings are not done yet" if left else ""


def _slow_first(name: str) -> tuple[int, str]:
    return (0 if name.startswith("cnn-regularized") else 1 if name.startswith("cnn") else 2, name)
