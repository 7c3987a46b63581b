"""All configurations of a run side by side: scores, fits and splits become the tables of the comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from storage.finding_schemas import COMPARISON_TABLES, OPERATING_POINTS, PAIRS
from storage.schemas import COMPARISON
from workers.compare.answers import Answers, Outcomes, answers_of
from workers.compare.configuration_row import Row, measured_row, scored_row
from workers.compare.figure_tables import figure_tables
from workers.compare.host_times import common_host, photo_time
from workers.compare.paired import Pair
from workers.compare.pairs import Face, compare_pairs, equals_of, with_max_t
from workers.compare.recommendation import recommend, shared_ranks
from workers.compare.tested_family import family_of


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
    baselines: Collection[str] = (),
) -> Comparison:
    """Compare all configurations of a run.

    Args:
        scores, fits, splits: tables of `storage.schemas`.
        views: by configuration, what it looks at: crop, aligned, embedding; none where it is not named.
        photos: those with a named face, and those that are wrong without one (`end_to_end.right_and_wrong`); None
            leaves the end-to-end accuracy null.
        efforts: `storage.schemas.EFFORTS` with the photos of the splits; None leaves `photo_to_name_ms` null.
        operating: `storage.finding_schemas.OPERATING_POINTS` of these scores; None for none.
        baselines: configurations that show the level; recommended only where nothing else can be.

    Raises:
        ValueError: a configuration that did not fail has no score, or two, for a face of the splits.
    """
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
            row |= scored_row(answers[name], *(photos or (0, 0)))
        rows.append(row)
    tests = {name: each.test for name, each in answers.items()}
    points = OPERATING_POINTS.empty_table() if operating is None else operating
    rows, pairs = _judged(rows, tests, points.to_pylist(), baselines, _groups(splits))
    best_first = {row["configuration"]: answers[row["configuration"]] for row in rows if row["outcome"] == "ok"}
    figures = {**figure_tables(best_first), "operating_points": points}
    return Comparison(pa.Table.from_pylist(rows, schema=COMPARISON), pairs, figures)


def _judged(
    rows: list[Row],
    tests: Mapping[str, Outcomes],
    points: Sequence[Row],
    baselines: Collection[str],
    groups: Mapping[Face, int],
) -> tuple[list[Row], tuple[Pair, ...]]:
    """Rows with ranks and the recommendation, the recommended one first of its rank; and the pairs in that order."""
    rows = [{**row, "rank": rank} for row, rank in zip(rows, shared_ranks(rows), strict=True)]
    rows.sort(key=lambda row: (row["rank"], row["outcome"] != "ok", row["configuration"]))
    ordered = {row["configuration"]: tests[row["configuration"]] for row in rows if row["outcome"] == "ok"}
    family = family_of(ordered, baselines)
    pairs = compare_pairs(ordered, family)
    for row in rows:
        row["practically_equal_to"] = equals_of(row["configuration"], pairs)
        row["outside_family"] = family.why_not(row["configuration"]) if row["outcome"] == "ok" else ""
    found = recommend(rows, points, baselines)
    why = dict(found.excluded)
    for row in rows:
        row["recommended"] = row["configuration"] == found.configuration
        row["decided_by"] = found.decided_by if row["recommended"] else ""
        row["excluded_because"] = why.get(row["configuration"], "")
    rows.sort(key=lambda row: (row["rank"], not row["recommended"]))
    return rows, with_max_t(pairs, ordered, family, found.configuration, groups)


def _groups(splits: pa.Table) -> dict[Face, int]:
    """The group of each face that is tested."""
    tested = splits.filter(pc.equal(pc.cast(splits["role"], pa.string()), "test"))
    columns = (tested[name].to_pylist() for name in ("photo_key", "face_index", "group"))
    return {(key, face): group for key, face, group in zip(*columns, strict=True)}


def _blank(name: str, view: str, costs: Sequence[Row]) -> Row:
    """What is known of a configuration without its answers; it has failed where it failed on any split."""
    failed = next((fit for fit in costs if fit["outcome"] != "ok"), None)
    return {
        "configuration": name,
        "view": view,
        "outcome": "failed" if failed else "ok",
        "reason": failed["reason"] if failed else "",
        "test_faces": 0,
        "hits": 0,
        "answers": 0,
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
