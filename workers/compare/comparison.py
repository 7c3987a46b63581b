"""All configurations of a run side by side: scores, fits and splits become the tables of the comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.finding_schemas import COMPARISON_TABLES, OPERATING_POINTS, PAIRS
from storage.schemas import COMPARISON
from workers.compare.answers import Answers, Outcomes, answers_of
from workers.compare.configuration_row import Row, accuracies, measured_row, ranked, scored_row
from workers.compare.figure_tables import figure_tables
from workers.compare.host_times import common_host, photo_time
from workers.compare.paired import Pair, disagreements, holm, mcnemar, over_splits, single_split


@dataclass(frozen=True)
class Comparison:
    """The comparison of a run.

    Attributes:
        table: `storage.schemas.COMPARISON`, best first.
        pairs: every two configurations that did not fail, in the order of the table.
        figures: the other tables of `storage.finding_schemas.COMPARISON_TABLES`, by name.
    """

    table: pa.Table
    pairs: tuple[Pair, ...]
    figures: Mapping[str, pa.Table]

    def tables(self) -> dict[str, pa.Table]:
        """Those of `storage.finding_schemas.COMPARISON_TABLES` that every protocol has, in that order."""
        pairs = pa.Table.from_pylist([asdict(pair) for pair in self.pairs], schema=PAIRS)
        found = {"pairs": pairs, **self.figures, "comparison": self.table}
        return {name: found[name] for name in COMPARISON_TABLES if name in found}


def compare_configurations(
    scores: pa.Table,
    fits: pa.Table,
    splits: pa.Table,
    views: Mapping[str, str],
    photos: tuple[int, int] | None = None,
    efforts: pa.Table | None = None,
    operating: pa.Table | None = None,
) -> Comparison:
    """Compare all configurations of a run.

    Args:
        scores, fits, splits: tables of `storage.schemas`.
        views: by configuration, what it looks at: crop, aligned, embedding; none where it is not named.
        photos: those with a named face, and those that are wrong without one (`end_to_end.right_and_wrong`); None
            leaves the end-to-end accuracy null.
        efforts: `storage.schemas.EFFORTS` with the photos of the splits; None leaves `photo_to_name_ms` null.
        operating: OPERATING_POINTS of these scores (`operating_points.operating_points`); None for none.

    Raises:
        ValueError: a configuration that did not fail has no score, or two, for a face of the splits.
    """
    ratio = split_ratio(splits)
    answers: dict[str, Answers] = {}
    rows: list[Row] = []
    by_name = _fits_by_configuration(fits)
    host = common_host(by_name)
    photo = None if efforts is None else photo_time(efforts, set(splits["photo_key"].to_pylist()), host)
    for name, costs in sorted(by_name.items()):
        row = _blank(name, views.get(name, "none"), costs) | measured_row(costs, host, photo)
        if row["outcome"] == "ok":
            mine = scores.filter(pc.equal(pc.cast(scores["configuration"], pa.string()), name))
            answers[name] = answers_of(mine)
            _check(name, answers[name], splits)
            row |= scored_row(answers[name], ratio, *(photos or (0, 0)))
        rows.append(row)
    rows = ranked(rows)
    best_first = {row["configuration"]: answers[row["configuration"]] for row in rows if row["outcome"] == "ok"}
    pairs = compare_pairs({name: each.test for name, each in best_first.items()}, ratio)
    for row in rows:
        row["practically_equal_to"] = _equals(row["configuration"], pairs)
    points = OPERATING_POINTS.empty_table() if operating is None else operating
    figures = {**figure_tables(best_first), "operating_points": points}
    return Comparison(pa.Table.from_pylist(rows, schema=COMPARISON), pairs, figures)


def compare_pairs(tests: Mapping[str, Outcomes], ratio: float) -> tuple[Pair, ...]:
    """Every two configurations, on the same faces.

    McNemar's test takes the first repeat, in which each face is answered once: over several repeats the answers
    to one face are not independent.
    """
    drafts: list[dict[str, Any]] = []
    right = {name: test.right for name, test in tests.items()}
    by_split = {name: accuracies(test) for name, test in tests.items()}
    for first, second in combinations(tests, 2):
        once = next(tests[first].repeats())
        only_first, only_second = disagreements(right[first][once], right[second][once])
        differences = np.subtract(by_split[first], by_split[second])
        if len(differences) > 1 and np.ptp(differences) > 0:
            (low, high), rope = over_splits(differences.tolist(), ratio)
        else:  # one split, or several with the same difference
            (low, high), rope = single_split(only_first, only_second, len(once))
        difference = float(np.mean(right[first].astype(float) - right[second]))
        drafts.append(
            {"first": first, "second": second, "difference": difference, "low": low, "high": high, "rope": rope,
             "only_first": only_first, "only_second": only_second}
        )  # fmt: skip
    adjusted = holm([mcnemar(draft["only_first"], draft["only_second"]) for draft in drafts])
    return tuple(Pair(p_value=p, **draft) for draft, p in zip(drafts, adjusted, strict=True))


def split_ratio(splits: pa.Table) -> float:
    """Test faces over training faces, over all splits."""
    roles: list[str] = splits["role"].to_pylist()
    return float(roles.count("test") / max(1, roles.count("train")))


def _blank(name: str, view: str, costs: Sequence[Row]) -> Row:
    """What is known of a configuration without its answers; it has failed where it failed on any split."""
    failed = next((fit for fit in costs if fit["outcome"] != "ok"), None)
    return {
        "configuration": name,
        "view": view,
        "outcome": "failed" if failed else "ok",
        "reason": failed["reason"] if failed else "",
        "test_faces": 0,
        "interval_method": "wilson",
    }


def _fits_by_configuration(fits: pa.Table) -> dict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in fits.sort_by([("repeat", "ascending"), ("fold", "ascending")]).to_pylist():
        found[row["configuration"]].append(row)
    return found


def _check(name: str, answers: Answers, splits: pa.Table) -> None:
    columns = (splits[each].to_pylist() for each in ("repeat", "fold", "photo_key", "face_index", "role"))
    rows = list(zip(*columns, strict=True))
    for role, outcomes in answers.by_role().items():
        wanted = sorted(row[:4] for row in rows if row[4] == role)
        found = [(*split, *face) for split, face in zip(outcomes.split.tolist(), outcomes.faces, strict=True)]
        if wanted != found:
            raise ValueError(f"{name}: {len(found)} scores of role {role} for {len(wanted)} faces of the splits")


def _equals(name: str, pairs: Sequence[Pair]) -> list[str]:
    equal = [pair for pair in pairs if pair.practically_equal]
    return [pair.second for pair in equal if pair.first == name] + [pair.first for pair in equal if pair.second == name]
