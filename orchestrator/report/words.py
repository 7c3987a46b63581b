"""The answer in sentences. Each is said only where the table carries it."""

from __future__ import annotations

from typing import Any

from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import comparison_rows, interval, number, percent

Row = dict[str, Any]
FEW_TEST_FACES = 100
"""Below this many test faces a single error moves the accuracy by a percentage point or more."""


def scored(rows: list[Row]) -> list[Row]:
    """The configurations that have an accuracy, best first."""
    return [row for row in rows if row["outcome"] == "ok" and row["accuracy"] is not None]


def answer(material: ReportMaterial) -> list[str]:
    """Who wins, how sure that is, what is practically equal, how fast; the most important sentence first."""
    rows = comparison_rows(material.comparison)
    good = scored(rows)
    failed = [row["configuration"] for row in rows if row["outcome"] != "ok"]
    sentences = _winner(good) if good else ["No configuration could be scored, so there is no answer."]
    if failed:
        sentences.append(f"Could not be fitted and is not compared: {_list(failed)}.")
    return sentences


def _winner(good: list[Row]) -> list[str]:
    best, others = good[0], good[1:]
    tied = [row["configuration"] for row in good if row["accuracy"] == best["accuracy"]]
    first = "names the most test faces rightly"
    if len(tied) > 1:
        first = f"stands first, level in accuracy with {_list(tied[1:])}"
    sentences = [
        f"{best['configuration']} {first}: {percent(best['accuracy'])}"
        + (f" (95 % interval {interval(best['accuracy_low'], best['accuracy_high'])})" if _bounded(best) else "")
        + f", on {best['test_faces']} test faces."
    ]
    sentences += _certainty(best, others)
    sentences += _speed(best)
    whole = best["end_to_end_accuracy"]
    if whole is not None and whole < best["accuracy"]:
        sentences.append(f"Counting every photo without a usable face as wrong, it is {percent(whole)}.")
    if 0 < best["test_faces"] < FEW_TEST_FACES:
        sentences.append("These are few test faces: a single error moves the accuracy by a point or more.")
    return sentences


def _certainty(best: Row, others: list[Row]) -> list[str]:
    if not others:
        return ["It is the only configuration with a score: there is nothing to compare it with."]
    sentences = []
    equal = [row["configuration"] for row in others if row["configuration"] in best["practically_equal_to"]]
    if equal:
        sentences.append(f"Practically equal to it: {_list(equal)}. Choose among them by speed or size.")
    rest = [row for row in others if row["configuration"] not in equal]
    unsettled = [row["configuration"] for row in rest if _overlap(best, row)]
    if unsettled:
        sentences.append(
            f"The interval of {_list(unsettled)} overlaps with its own: "
            "the intervals alone do not settle which is better."
        )
    if rest and not unsettled and _bounded(best) and all(_bounded(row) for row in rest):
        whom = "every other configuration" if not equal else "each of the rest"
        sentences.append(f"Its interval lies wholly above that of {whom}.")
    return sentences


def _speed(best: Row) -> list[str]:
    if best["latency_p50_ms"] is None:
        return []
    slow = best["latency_p95_ms"]
    tail = "" if slow is None else f", 95 of 100 within {number(slow)} ms"
    given = "from its 128 measurements" if best["view"] == "embedding" else "from its picture"
    return [
        f"It names a face {given} in {number(best['latency_p50_ms'])} ms{tail} (one at a time, warm; "
        "finding and preparing the face comes on top)."
    ]


def protocol(material: ReportMaterial) -> list[str]:
    """How the comparison was made, from the splits themselves."""
    rows = material.splits.select(["repeat", "fold", "role", "group"]).to_pylist()
    if not rows:
        return ["There are no splits: nothing was trained or tested."]
    sizes: dict[tuple[int, int], dict[str, int]] = {}
    for row in rows:
        counts = sizes.setdefault((row["repeat"], row["fold"]), {})
        counts[row["role"]] = counts.get(row["role"], 0) + 1
    first = sizes[min(sizes)]
    shares = ", ".join(f"{first[role]} {role}" for role in sorted(first))
    many = "one split" if len(sizes) == 1 else f"{len(sizes)} splits"
    methods = {row["interval_method"] for row in comparison_rows(material.comparison)} & set(INTERVALS)
    return [
        f"Every configuration was trained and tested on the same {many}; the first holds {shares} faces.",
        _groups(rows),
        "Only training faces fit, tune, stop or scale anything; test faces are only named.",
        *(INTERVALS[method] for method in sorted(methods)),
    ]


INTERVALS = {
    "wilson": "Intervals are Wilson's score intervals for a proportion (Wilson, 1927), at 95 %.",
    "nadeau-bengio": "Intervals are Student's, at 95 %, with the variance corrected for overlapping training "
    "sets (Nadeau and Bengio, 2003).",
}


def _groups(rows: list[Row]) -> str:
    """Whether photos of one group lie on both sides of a split: looked up, not assumed."""
    trained = {(row["repeat"], row["fold"], row["group"]) for row in rows if row["role"] == "train"}
    others = {(row["repeat"], row["fold"], row["group"]) for row in rows if row["role"] != "train"}
    straddling = len({group for _, _, group in trained & others})
    if straddling:
        return f"Beware: {straddling} groups of equal photos lie on both sides of a split; accuracy is too high."
    return "Photos with equal bytes share a group, and no group lies on both sides of a split."


def _bounded(row: Row) -> bool:
    return row["accuracy_low"] is not None and row["accuracy_high"] is not None


def _overlap(best: Row, other: Row) -> bool:
    return _bounded(best) and _bounded(other) and bool(other["accuracy_high"] >= best["accuracy_low"])


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
