"""Rows of the tables that the report draws: people, reliability, open set and selection.

Schemas are in `storage.finding_schemas`. Counts are of the first repeat, in which each test face is answered once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from storage.finding_schemas import OPEN_SET, OPEN_SET_CURVE, PEOPLE, RELIABILITY, SELECTION
from workers.compare.answers import Answers, Outcomes
from workers.compare.configuration_row import repeat_deviation
from workers.compare.intervals import jeffreys
from workers.compare.metrics import BINS, bins_of, recalls
from workers.compare.open_set import Rate, open_set, open_set_curve
from workers.compare.selection import selection

Rows = list[dict[str, Any]]


def figure_tables(answers: Mapping[str, Answers]) -> dict[str, pa.Table]:
    """The tables by name, their rows by configuration.

    Args:
        answers: by configuration, the best first.
    """
    names = sorted(answers)
    return {
        "people": _table([row for name in names for row in people_rows(name, answers[name].test)], PEOPLE),
        "reliability": _table(
            [row for name in names for row in reliability_rows(name, answers[name].test)], RELIABILITY
        ),
        "open_set": _table([row for name in names for row in open_set_rows(name, answers[name])], OPEN_SET),
        "open_set_curve": _table([row for name in names for row in curve_rows(name, answers[name])], OPEN_SET_CURVE),
        "selection": _table(selection_rows({name: each.test for name, each in answers.items()}), SELECTION),
    }


def people_rows(name: str, test: Outcomes) -> Rows:
    """Recall of each person with its interval, the lowest first."""
    once = next(test.repeats())
    found = recalls(test.truth[once], test.right[once])
    return [
        {"configuration": name, "label": label, "faces": faces, "recall": hits / faces,
         **dict(zip(("low", "high"), jeffreys(hits, faces), strict=True))}
        for label, (hits, faces) in sorted(found.items(), key=_worst_first)
    ]  # fmt: skip


def reliability_rows(name: str, test: Outcomes) -> Rows:
    """Confidence against accuracy by bin: Niculescu-Mizil & Caruana, ICML 2005."""
    once = next(test.repeats())
    confidence, right = test.confidence[once], (test.guess == test.truth)[once]
    place = bins_of(confidence)
    return [
        {"configuration": name, "bin": i, "faces": int(np.sum(place == i)),
         "confidence": float(confidence[place == i].mean()), "accuracy": float(right[place == i].mean())}
        for i in range(BINS)
        if np.any(place == i)
    ]  # fmt: skip


def open_set_rows(name: str, answers: Answers) -> Rows:
    """The operating point of `open_set.open_set` and how many chose and tested it; none in a closed run."""
    found = open_set(answers.test, answers.calibrate, answers.unknown)
    if found is None:
        return []
    return [
        {"configuration": name, **_rate("dir", found.dir), **_rate("far", found.far), "aim": found.aim,
         "threshold": found.threshold, **_count("calibrate", answers.calibrate), **_count("unknown", answers.unknown)}
    ]  # fmt: skip


def curve_rows(name: str, answers: Answers) -> Rows:
    """The trade-off of `open_set.open_set_curve` as rows; none in a closed run."""
    curve = open_set_curve(answers.test, answers.unknown)
    if curve is None:
        return []
    points = zip(curve.far.tolist(), curve.dir.tolist(), curve.miss.tolist(), strict=True)
    return [{"configuration": name, "far": far, "dir": rate, "miss": miss} for far, rate, miss in points]


def selection_rows(tests: Mapping[str, Outcomes]) -> Rows:
    """How firm the order is: spread over repeats, wins over redraws, and what the chosen one is worth.

    Args:
        tests: by configuration, the best first; the rows are in this order.
    """
    found = selection(tests)
    worth = (found.accuracy, found.low, found.high) if found else (None, None, None)
    return [
        {"configuration": name, "repeat_deviation": repeat_deviation(test), "wins": found.wins[name] if found else None,
         **dict(zip(("chosen_accuracy", "chosen_low", "chosen_high"), worth, strict=True))}
        for name, test in tests.items()
    ]  # fmt: skip


def _worst_first(person: tuple[str, tuple[int, int]]) -> tuple[float, int, str]:
    """By recall; of equals the one with more faces, of whom it is surer."""
    label, (hits, faces) = person
    return hits / faces, -faces, label


def _rate(name: str, rate: Rate) -> dict[str, float]:
    return {name: rate.value, f"{name}_low": rate.interval[0], f"{name}_high": rate.interval[1]}


def _count(role: str, outcomes: Outcomes) -> dict[str, int]:
    return {f"{role}_people": len(np.unique(outcomes.truth)), f"{role}_faces": len(set(outcomes.faces))}


def _table(rows: Rows, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)
