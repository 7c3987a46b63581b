"""Which configuration to use: the rule of the comparison, from its rows and its operating points.

1  the most test faces named rightly; equal counts are a tie
2  among the ties, and what is practically the same: the most known faces accepted and rightly named at the
   threshold; then the fewest strangers let in; then the least time from photo to name; then the smallest model
3  never one that turns away its own people; a baseline only where nothing else is left
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from workers.compare.operating_points import MOST_TURNED_AWAY

Row = Mapping[str, Any]

AS_FAST = 1.05
"""Times within 5 % of the least are equal: repeated measurements differ by as much."""

REASONS = {
    "accuracy": "it names the most test faces rightly",
    "known_named": "of the best, it accepts and rightly names the most held-out faces at its threshold",
    "strangers_in": "of the best, it lets in the fewest strangers' faces",
    "photo_to_name_ms": "of the best, it is the fastest from photo to name",
    "model_bytes": "of the best, it is the smallest model",
    "name": "of equals, it is the first by name",
    "alone": "nothing else can be recommended",
}
"""What decided, by step of the rule."""


@dataclass(frozen=True)
class Recommendation:
    """What to use and why.

    Attributes:
        configuration: None where nothing can be recommended.
        decided_by: one of REASONS; empty without a recommendation.
        tied: the others that name as many test faces rightly, excluded ones too, in the order of the rows.
        same: the others that are practically the same as the recommended one.
        excluded: (configuration, why it cannot be recommended).
    """

    configuration: str | None
    decided_by: str = ""
    tied: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()


def recommend(rows: Sequence[Row], points: Sequence[Row], baselines: Collection[str] = ()) -> Recommendation:
    """Apply the rule.

    Args:
        rows: of COMPARISON; `hits` and `practically_equal_to` are set. Equal in all, the first is recommended.
        points: of OPERATING_POINTS; a configuration without a row has no known faces named, and is not excluded.
        baselines: configurations that show the level.
    """
    at = {point["configuration"]: point for point in points}
    excluded = {row["configuration"]: why for row in rows if (why := _never(row, at.get(row["configuration"])))}
    able = [row for row in rows if row["configuration"] not in excluded]
    candidates = [row for row in able if row["configuration"] not in baselines]
    if candidates:
        excluded |= {row["configuration"]: "it is a baseline" for row in able if row["configuration"] in baselines}
    best, decided_by = _best(candidates or able, at)
    judged = [
        {**row, "recommended": row["configuration"] == best, "decided_by": decided_by,
         "excluded_because": excluded.get(row["configuration"], "")}
        for row in rows
    ]  # fmt: skip
    return stored_recommendation(judged)


def stored_recommendation(rows: Sequence[Row]) -> Recommendation:
    """The recommendation that the rows of COMPARISON hold."""
    excluded = tuple((row["configuration"], row["excluded_because"]) for row in rows if row["excluded_because"])
    best = next((row for row in rows if row["recommended"]), None)
    if best is None:
        return Recommendation(None, excluded=excluded)
    others = [row for row in rows if row["configuration"] != best["configuration"] and row["outcome"] == "ok"]
    return Recommendation(
        configuration=best["configuration"],
        decided_by=best["decided_by"],
        tied=tuple(row["configuration"] for row in others if row["hits"] == best["hits"]),
        same=tuple(row["configuration"] for row in others if row["configuration"] in best["practically_equal_to"]),
        excluded=excluded,
    )


def shared_ranks(rows: Sequence[Row]) -> list[int]:
    """Ranks by hits, in the order of the rows: equal counts share one, the next follows their number (1, 1, 3).

    What failed has no hits and shares the last rank.
    """
    hits = [row["hits"] if row["outcome"] == "ok" else -1 for row in rows]
    return [1 + sum(other > mine for other in hits) for mine in hits]


def _never(row: Row, point: Row | None) -> str:
    """Why this configuration can never be recommended; empty where it can."""
    if row["outcome"] != "ok":
        return f"it could not be fitted: {row['reason']}"
    if row["view"] == "none":
        return "it looks at no face"
    away = point["turned_away"] if point else None
    if away is not None and away > MOST_TURNED_AWAY:
        return f"it turns away {100 * away:.1f} % of its own people's faces, more than {100 * MOST_TURNED_AWAY:.0f} %"
    return ""


def _best(candidates: Sequence[Row], at: Mapping[str, Row]) -> tuple[str | None, str]:
    """The recommended one of those who may be, and what decided; None of none."""
    if len(candidates) < 2:
        return (candidates[0]["configuration"], "alone") if candidates else (None, "")
    most = max(row["hits"] for row in candidates)
    tied = {row["configuration"] for row in candidates if row["hits"] == most}
    left = [row for row in candidates if row["configuration"] in tied or tied & set(row["practically_equal_to"])]
    steps: tuple[tuple[str, Callable[[Sequence[Row]], list[Row]]], ...] = (
        ("accuracy", list),
        ("known_named", lambda rows: _least(rows, lambda row: -_count(at, row, "known_named", "known_faces", -1))),
        ("strangers_in", lambda rows: _least(rows, lambda row: _count(at, row, "strangers_in", "stranger_faces", inf))),
        ("photo_to_name_ms", _fastest),
        ("model_bytes", _smallest),
    )
    for step, keep in steps:
        left = keep(left)
        if len(left) == 1:
            return left[0]["configuration"], step
    return left[0]["configuration"], "name"


def _least(rows: Sequence[Row], value: Callable[[Row], float]) -> list[Row]:
    least = min(map(value, rows))
    return [row for row in rows if value(row) == least]


def _count(at: Mapping[str, Row], row: Row, share: str, faces: str, missing: float) -> float:
    """How many faces a share of the operating point is, so that float noise decides nothing."""
    point = at.get(row["configuration"])
    if point is None or point[share] is None:
        return missing
    return float(round(point[share] * point[faces], 6))


def _fastest(rows: Sequence[Row]) -> list[Row]:
    times = [row["photo_to_name_ms"] for row in rows]
    if None in times:
        return list(rows)
    return [row for row, time in zip(rows, times, strict=True) if time <= AS_FAST * min(times)]


def _smallest(rows: Sequence[Row]) -> list[Row]:
    sizes = [row["model_bytes"] for row in rows]
    return list(rows) if None in sizes else [row for row in rows if row["model_bytes"] == min(sizes)]
