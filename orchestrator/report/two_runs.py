"""Two finished runs compared on the test faces that both have, each by its recommended configuration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.report.terminal import chance, percent, points
from storage.errors import InputError
from storage.finding_schemas import COMPARISON_TABLES
from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import SCORES, SPLITS
from storage.tables import read_table
from workers.compare.answers import outcomes_of
from workers.compare.k_shot import largest_shot
from workers.compare.paired import mcnemar, three_way

Face = tuple[str, int, str]


@dataclass(frozen=True)
class TwoRuns:
    """The first minus the second, on the common faces.

    Attributes:
        faces: how many test faces both runs have under the same name.
        only_first, only_second: faces that only one names rightly, in the first repeat.
        low, high: 95 %, of the difference; `three_way` has the method.
        p_mcnemar: McNemar's exact test, of one comparison: no correction.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    faces: int
    accuracies: tuple[float, float]
    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    p_first_better: float
    p_same: float
    p_second_better: float
    p_mcnemar: float


def compare_two(first: Run, second: Run) -> TwoRuns:
    """Compare two runs; raises InputError where they share no test face, StoreError where a table is missing."""
    names = [(run.run_id, _recommended(run)) for run in (first, second)]
    ours, theirs = (_right(run, name) for run, (_, name) in zip((first, second), names, strict=True))
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        raise InputError(f"runs {first.run_id} and {second.run_id} have no test face in common", "Compare equal photos")
    mine, other = (np.array([answers[face] for face in common], bool) for answers in (ours, theirs))
    only_first, only_second = int(np.sum(mine & ~other)), int(np.sum(~mine & other))
    (low, high), (better, same, worse) = three_way(only_first, only_second, len(common))
    accuracies = (float(np.mean(mine)), float(np.mean(other)))
    return TwoRuns(
        names[0], names[1], len(common), accuracies, accuracies[0] - accuracies[1], low, high,
        only_first, only_second, better, same, worse, mcnemar(only_first, only_second),
    )  # fmt: skip


def two_runs_lines(found: TwoRuns) -> list[str]:
    """The comparison in sentences."""
    sides = zip((found.first, found.second), found.accuracies, strict=True)
    return [
        f"On the {found.faces} test faces that both runs have:",
        *(f"  {run}, {name}: {percent(accuracy)}" for (run, name), accuracy in sides),
        f"Difference {points(found.difference)} points (95 % interval {points(found.low)} to {points(found.high)}); "
        f"only the first names {found.only_first} rightly, only the second {found.only_second}.",
        f"First better by more than a point: {percent(found.p_first_better)}; the same: {percent(found.p_same)}; "
        f"second better: {percent(found.p_second_better)}. McNemar's exact test: p {chance(found.p_mcnemar)}.",
    ]


def _recommended(run: Run) -> str:
    rows = read_table(run.table("comparison"), COMPARISON_TABLES["comparison"]).to_pylist()
    best = next((row["configuration"] for row in rows if row["recommended"]), None)
    if best is None:
        raise InputError(f"run {run.run_id} recommends nothing", "Compare runs that do")
    return str(best)


def _right(run: Run, configuration: str) -> dict[Face, bool]:
    """By face and name, whether the first repeat names it rightly; of a k-shot run at its most photos."""
    scores = read_parts(list_parts(run.scores), SCORES)
    if run.plan.experiment.protocol.kind == "k-shot":
        scores = largest_shot(scores, read_table(run.splits, SPLITS))
    test = outcomes_of(scores.filter(pc.equal(pc.cast(scores["configuration"], pa.string()), configuration)), "test")
    rows = next(test.repeats()).tolist()
    return {(*test.faces[row], str(test.truth[row])): bool(test.right[row]) for row in rows}
