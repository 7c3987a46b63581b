"""What the scores say beyond the comparison's rows: curves, strangers, people, and what choosing the best is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.compare.answers import Answers, answers_of
from workers.compare.configuration_row import seed_spread
from workers.compare.figure_tables import Curves, curves_of
from workers.compare.open_set import OpenSet, open_set
from workers.compare.selection import Selection, selection

Row = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """By configuration, the best first, where it has scores.

    Attributes:
        curves: tables of `workers.compare.figure_tables`.
        strangers: rejection of strangers; empty in a closed run.
        spread: standard deviation of the accuracy over repeats; empty where there is one.
        choice: what choosing the best is worth; None where there is nothing to choose.
        calibrating, testing: people and distinct faces that choose the threshold, and that test it.
    """

    curves: Curves
    strangers: Mapping[str, OpenSet] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    choice: Selection | None = None
    calibrating: tuple[int, int] = (0, 0)
    testing: tuple[int, int] = (0, 0)


def evidence_of(scores: pa.Table, rows: list[Row]) -> Evidence:
    """Look at the scores of the configurations that have an accuracy.

    Args:
        scores: `storage.schemas.SCORES`.
        rows: of COMPARISON, the best first.
    """
    column = pc.cast(scores["configuration"], pa.string())
    answers: dict[str, Answers] = {}
    for name in (row["configuration"] for row in rows if row["outcome"] == "ok"):
        mine = scores.filter(pc.equal(column, name))
        if mine.num_rows:
            answers[name] = answers_of(mine)
    rejection = {name: open_set(each.test, each.calibrate, each.unknown) for name, each in answers.items()}
    spread = {name: seed_spread(each.test) for name, each in answers.items()}
    first = next(iter(answers.values()), None)
    return Evidence(
        curves=curves_of(answers),
        strangers={name: found for name, found in rejection.items() if found is not None},
        spread={name: value for name, value in spread.items() if value is not None},
        choice=selection({name: each.test for name, each in answers.items()}),
        calibrating=_crowd(first, "calibrate"),
        testing=_crowd(first, "unknown"),
    )


def _crowd(answers: Answers | None, role: str) -> tuple[int, int]:
    """People and distinct faces of a role."""
    if answers is None:
        return 0, 0
    outcomes = answers.by_role()[role]
    return len(np.unique(outcomes.truth)), len(set(outcomes.faces))
