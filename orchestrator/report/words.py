"""The answer in sentences; each is there only where the numbers support it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import Row, comparison_rows, interval, number, percent
from workers.compare.paired import Pair
from workers.compare.selection import REDRAWS, Selection

FEW_TEST_FACES = 100
"""Below this many test faces a single error moves the accuracy by a percentage point or more."""


def scored(rows: list[Row]) -> list[Row]:
    """The configurations that have an accuracy, best first."""
    return [row for row in rows if row["outcome"] == "ok" and row["accuracy"] is not None]


def answer(material: ReportMaterial, choice: Selection | None = None) -> list[str]:
    """Who wins, how sure that is, what is practically equal, how fast; the most important sentence first.

    Args:
        choice: what choosing the best is worth on faces that did not choose.
    """
    rows = comparison_rows(material.comparison)
    good = scored(rows)
    failed = [row["configuration"] for row in rows if row["outcome"] != "ok"]
    if good:
        sentences = _winner(good, material.pairs, choice)
    else:
        sentences = ["No configuration could be scored, so there is no answer."]
    if failed:
        sentences.append(f"Could not be fitted and is not compared: {named(failed)}.")
    return sentences


def _winner(good: list[Row], pairs: Sequence[Pair], choice: Selection | None) -> list[str]:
    best, others = good[0], good[1:]
    tied = [row["configuration"] for row in good if row["accuracy"] == best["accuracy"]]
    first = "names the most test faces correctly"
    if len(tied) > 1:
        first = f"ranks first, with the same accuracy as {named(tied[1:])}"
    sentences = [
        f"{best['configuration']} {first}: {percent(best['accuracy'])}"
        + (f" (95 % interval {interval(best['accuracy_low'], best['accuracy_high'])})" if _bounded(best) else "")
        + f", on {best['test_faces']} test faces."
    ]
    sentences += _certainty(best, others, pairs)
    sentences += _selection_bias(best, others, choice)
    sentences += _speed(best)
    whole = best["end_to_end_accuracy"]
    if whole is not None and whole < best["accuracy"]:
        sentences.append(f"Counting every photo without a usable face as wrong, it is {percent(whole)}.")
    if 0 < best["test_faces"] < FEW_TEST_FACES:
        sentences.append("These are few test faces: a single error moves the accuracy by a point or more.")
    return sentences


def _selection_bias(best: Row, others: list[Row], choice: Selection | None) -> list[str]:
    """The best one was chosen on the faces that score it."""
    if not others:
        return []
    bias = "The best one is chosen and scored on the same test faces, so its accuracy is biased upwards"
    if choice is None:
        return [f"{bias}: expect a little less on new photos."]
    wins = choice.wins.get(best["configuration"], 0.0)
    return [
        f"{bias}. Chosen on some of them and scored on the others, in {REDRAWS:,} redraws, the best one has "
        f"an accuracy of {percent(choice.accuracy)}; {best['configuration']} is the best in {100 * wins:.0f} of 100 "
        "redraws (ties are shared)."
    ]


def _certainty(best: Row, others: list[Row], pairs: Sequence[Pair]) -> list[str]:
    if not others:
        return ["It is the only configuration with a score: there is nothing to compare it with."]
    sentences = []
    equal = [row["configuration"] for row in others if row["configuration"] in best["practically_equal_to"]]
    if equal:
        sentences.append(f"Practically equal to it: {named(equal)}. Choose among them by speed or size.")
    rest = [row for row in others if row["configuration"] not in equal]
    if pairs:
        return sentences + _tested(best, rest, pairs)
    unsettled = [row["configuration"] for row in rest if _overlap(best, row)]
    if unsettled:
        sentences.append(
            f"The interval of {named(unsettled)} overlaps with its own: "
            "the intervals alone do not show which is better."
        )
    if rest and not unsettled and _bounded(best) and all(_bounded(row) for row in rest):
        rivals = "every other configuration" if not equal else "each of the rest"
        sentences.append(f"Its interval lies wholly above that of {rivals}.")
    return sentences


def _tested(best: Row, rest: list[Row], pairs: Sequence[Pair]) -> list[str]:
    """What the paired test on the same faces says of those that are not practically equal to the best."""
    different = {other for pair in pairs if pair.different for other in (pair.first, pair.second)
                 if best["configuration"] in (pair.first, pair.second)}  # fmt: skip
    names = [row["configuration"] for row in rest]
    beaten, open_ = [name for name in names if name in different], [name for name in names if name not in different]
    sentences = []
    if open_:
        sentences.append(
            f"There are not enough faces to tell it apart from {named(open_)}: neither significantly different nor "
            "practically equal."
        )
    if beaten:
        sentences.append(f"It is significantly better than {named(beaten)} ({PAIRED}).")
    return sentences


PAIRED = "McNemar's exact test on the same faces, 5 %, Holm's correction over all pairs"


def verdict(pair: Pair) -> str:
    """The verdict on two configurations in a word or two."""
    if pair.different and pair.practically_equal:
        return "different, but negligibly"
    return "different" if pair.different else "practically the same" if pair.practically_equal else "undecided"


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


def _bounded(row: Row) -> bool:
    return row["accuracy_low"] is not None and row["accuracy_high"] is not None


def _overlap(best: Row, other: Row) -> bool:
    return _bounded(best) and _bounded(other) and bool(other["accuracy_high"] >= best["accuracy_low"])


def named(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
