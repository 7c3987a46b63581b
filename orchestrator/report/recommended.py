"""Which configuration to use, in sentences: the recommendation, the rule, what was tied, what was excluded and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from orchestrator.report.terminal import Row, comparison_rows, interval, listed, number, percent
from storage.encoder_settings import SFACE_NAME
from workers.compare.operating_points import MOST_TURNED_AWAY
from workers.compare.recommendation import AS_FAST, REASONS, stored_recommendation
from workers.learning.configurations import AT, encoder_parts

RULE = (
    "The rule: the most test faces named rightly. Among ties, and what is practically the same: the most known faces "
    "let in and named at the threshold, then the fewest strangers let in, then the least time from photo to name "
    f"(times within {100 * (AS_FAST - 1):.0f} % are equal), then the smallest model. Never one that turns away more "
    f"than {100 * MOST_TURNED_AWAY:.0f} % of its own people's faces; a baseline only where nothing else is left."
)

MANY_STRANGERS = 0.10
"""From this share of strangers' faces let in, the answer warns."""

CONTAMINATION = (
    "dlib's encoder was trained on public photos of celebrities. People in your photos may have been among them: "
    "figures for famous people may be too good."
)

SFACE_LICENCE = (
    "SFace's file is of OpenCV's model zoo, under the licence Apache-2.0. Its training photos are not documented and "
    "were probably for research only: check before commercial use. People in your photos may have been among them too."
)

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def answer_first(comparison: pa.Table, operating: pa.Table) -> list[str]:
    """The recommendation and what a reader must know beside it; the sentence that says what to use comes first.

    Args:
        comparison: `storage.schemas.COMPARISON`.
        operating: `storage.finding_schemas.OPERATING_POINTS`.
    """
    rows, points = comparison_rows(comparison), points_of(operating)
    found = stored_recommendation(rows)
    lines = [recommendation_sentence(rows, points), RULE]
    best = next((row for row in rows if row["recommended"]), None)
    if best is not None:
        lines += _beside(best, rows)
        lines += operating_sentences(points.get(best["configuration"]))
    shown = [(name, why) for name, why in found.excluded if not why.startswith("it could not be fitted")]
    if shown and best is not None:
        lines.append("Not recommended: " + "; ".join(f"{name} ({why})" for name, why in shown) + ".")
    failed = [row["configuration"] for row in rows if row["outcome"] != "ok"]
    if failed:
        lines.append(f"Could not be fitted and is not compared: {listed(failed)}.")
    encoders = {part for row in rows for part in encoder_parts(row["configuration"].partition(AT)[2])}
    return [*lines, *([SFACE_LICENCE] if SFACE_NAME in encoders else []), CONTAMINATION]


def points_of(operating: pa.Table) -> dict[str, Row]:
    """OPERATING_POINTS by configuration."""
    return {row["configuration"]: row for row in operating.to_pylist()}


def recommendation_sentence(rows: Sequence[Row], points: Mapping[str, Row]) -> str:
    """What to use and why, in one sentence.

    Args:
        rows: of COMPARISON.
        points: of OPERATING_POINTS, by configuration.
    """
    best = next((row for row in rows if row["recommended"]), None)
    if best is None:
        whys = [f"{name}: {why}" for name, why in stored_recommendation(rows).excluded]
        reasons = f" ({'; '.join(whys)})" if whys else ""
        return f"No configuration can be recommended{reasons}."
    parts = [_hits(best, rows), *_threshold(points.get(best["configuration"]))]
    if best["photo_to_name_ms"] is not None:
        parts.append(f"{number(best['photo_to_name_ms'])} ms from photo to name")
    return f"Use {best['configuration']}: {'; '.join(parts)}."


def recommendation_as_json(comparison: pa.Table, operating: pa.Table) -> dict[str, Any]:
    """The recommendation as `--json` prints it."""
    rows, points = comparison_rows(comparison), points_of(operating)
    found = stored_recommendation(rows)
    point = points.get(found.configuration or "", {})
    return {
        "configuration": found.configuration,
        "sentence": recommendation_sentence(rows, points),
        "decided_by": found.decided_by or None,
        "rule": RULE,
        "tied": list(found.tied),
        "practically_the_same": list(found.same),
        "excluded": [{"configuration": name, "because": why} for name, why in found.excluded],
        "operating_point": {key: value for key, value in point.items() if key != "configuration"} or None,
    }


def operating_sentences(point: Row | None) -> list[str]:
    """What the recommended model does at its threshold, with intervals; nothing where no face was held out."""
    if point is None or point["turned_away"] is None:
        return []
    away, met = _share(point, "turned_away", "turned_away"), _share(point, "strangers_in", "strangers")
    likeness = likeness_text(point["threshold_likeness"])
    sentence = (
        f"At its threshold, a likeness of {likeness}, it turns away {away} of known faces"
        + (f" and lets in {met} of strangers' faces" if point["strangers_in"] is not None else "")
        + ("; its one person is" if point["known_people"] == 1 else f"; {point['known_people']} people are")
        + " the unit, and each plays the stranger in turn."
    )
    if point["worst_turned_away"]:
        sentence += (
            f" The person most often turned away is {point['worst_person']}: "
            f"{count(point['worst_turned_away'])} of {point['worst_faces']} faces."
        )
    if (point["strangers_in"] or 0) <= MANY_STRANGERS:
        return [sentence]
    return [
        sentence,
        f"Warning: it gives a known person's name to {percent(point['strangers_in'])} of the strangers' faces. Use it "
        "only where nobody else is in the photos, or ask for more likeness (identify --threshold).",
    ]


def count(value: float) -> str:
    """A count of faces; a mean over repeats keeps one decimal.

    >>> count(2.0000000001), count(2.333)
    ('2', '2.3')
    """
    return str(round(value)) if abs(value - round(value)) < 0.05 else f"{value:.1f}"


def _beside(best: Row, rows: Sequence[Row]) -> list[str]:
    """Ties, what is practically the same, and baselines that name more."""
    found = stored_recommendation(rows)
    why = REASONS.get(best["decided_by"], "")
    more = [row["configuration"] for row in rows if row["outcome"] == "ok" and row["hits"] > best["hits"]]
    others = {
        "As many test faces are named by": found.tied,
        "Practically the same as it:": found.same,
        "More test faces are named by": [name for name in more if name not in found.same],
    }
    never = {name for name, _ in found.excluded}
    lines = []
    for words, names in others.items():
        if names:
            # where all of them are excluded, no step of the rule decided between them and the best
            reason = "Why not recommended: see below" if never.issuperset(names) else f"What decided: {why}"
            lines.append(f"{words} {listed(names)}. {reason}.")
    return lines


def _hits(best: Row, rows: Sequence[Row]) -> str:
    """How many test faces it names, and who else does."""
    equal = [row for row in rows if row["outcome"] == "ok" and row["hits"] == best["hits"]]
    many = len(equal)
    who = "it names" if many == 1 else f"{_WORDS[many] if many < len(_WORDS) else many} methods name"
    faces, hits, answers = best["test_faces"], best["hits"], best["answers"]
    if answers == faces:
        return f"{who} all {faces} test faces" if hits == faces else f"{who} {hits} of {faces} test faces"
    times = f"each asked {answers // faces} times"
    if answers % faces:
        times = f"each asked {answers / faces:.1f} times on average"
    share = "all" if hits == answers else f"{percent(best['accuracy'])} of"
    return f"{who} {share} {faces} test faces, {times}"


def _threshold(point: Row | None) -> list[str]:
    if point is None or point["turned_away"] is None:
        return []
    words = f"at its threshold it turns away {_of(point['turned_away'], point['known_faces'])} known faces"
    if point["strangers_in"] is not None:
        words += f" and lets in {_of(point['strangers_in'], point['stranger_faces'])} strangers' faces"
    return [words]


def _of(share: float, faces: int) -> str:
    """A count where it is one; a mean over repeats stays a share."""
    times = share * faces
    return f"{round(times)} of {faces}" if abs(times - round(times)) < 1e-6 else f"{percent(share)} of {faces}"


def likeness_text(value: float) -> str:
    """Whole per cents; near 100 % enough digits that it is not taken for 100 %.

    >>> likeness_text(46.7), likeness_text(99.96), likeness_text(100.0)
    ('47 %', '99.96 %', '99.99 %')
    """
    return f"{value:.0f} %" if value < 99.5 else f"{min(value, 99.99):.2f} %"


def _share(point: Row, name: str, ends: str) -> str:
    return f"{percent(point[name])} ({interval(point[f'{ends}_low'], point[f'{ends}_high'])})"
