"""The answer in sentences; each is there only where the numbers support it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator.report.material import ReportMaterial
from orchestrator.report.recommended import answer_first
from orchestrator.report.terminal import Row, comparison_rows, interval, listed, percent
from workers.compare.paired import Pair
from workers.compare.selection import REDRAWS, Selection

FEW_TEST_FACES = 100
"""Below this many test faces a single error moves the accuracy by a percentage point or more."""


def scored(rows: list[Row]) -> list[Row]:
    """The configurations that have an accuracy, best first."""
    return [row for row in rows if row["outcome"] == "ok" and row["accuracy"] is not None]


def answer(material: ReportMaterial, choice: Selection | None = None) -> list[str]:
    """What to use, why, how sure that is; the sentence that says what to use comes first, the rule second.

    Args:
        choice: what choosing the best is worth on faces that did not choose.
    """
    rows = comparison_rows(material.comparison)
    first, rule, *beside, contamination = answer_first(material.comparison, material.findings["operating_points"])
    good = scored(rows)
    best = next((row for row in good if row["recommended"]), None)
    if not good:
        first = "No configuration could be scored, so there is no answer."
    if best is None:
        return [first, rule, *beside, contamination]
    others = [row for row in good if row is not best]
    return [
        first, rule, *_accuracy(best, material), *beside, *_certainty(best, others, material.pairs),
        *_selection_bias(best, others, choice), contamination,
    ]  # fmt: skip


def _accuracy(best: Row, material: ReportMaterial) -> list[str]:
    """Its accuracy with the interval, also end to end."""
    bounds = f" (95 % interval {interval(best['accuracy_low'], best['accuracy_high'])})" if _bounded(best) else ""
    sentence = f"Its accuracy is {percent(best['accuracy'])}{bounds} on {best['test_faces']} test faces."
    whole = best["end_to_end_accuracy"]
    if whole is not None and whole < best["accuracy"]:
        ends = interval(best["end_to_end_low"], best["end_to_end_high"])
        dropped = any(material.findings["end_to_end"]["dropped"].to_pylist())
        more = ", and every photo of people of whom too few gave a face," if dropped else ""
        sentence += f" Counting every photo without a usable face{more} as wrong, it is {percent(whole)} ({ends})."
    if 0 < best["test_faces"] < FEW_TEST_FACES:
        sentence += " These are few test faces: a single error moves the accuracy by a point or more."
    return [sentence]


def _selection_bias(best: Row, others: list[Row], choice: Selection | None) -> list[str]:
    """The best one was chosen on the faces that score it."""
    if not others:
        return []
    if choice is None:
        return ["The best one is chosen and scored on the same test faces: expect a little less on new photos."]
    wins = choice.wins.get(best["configuration"], 0.0)
    return [
        f"Expect {percent(choice.accuracy)} on new photos like these ({interval(choice.low, choice.high)}). The best "
        "one is chosen and scored on the same test faces, so its accuracy is biased upwards; this one is that of the "
        f"best when it is chosen on some of the faces and scored on the others, in {REDRAWS:,} redraws. "
        f"{best['configuration']} is the best in {100 * wins:.0f} of 100 redraws (ties are shared)."
    ]


def _certainty(best: Row, others: list[Row], pairs: Sequence[Pair]) -> list[str]:
    """What the paired comparison on the same faces says of the others."""
    if not others:
        return ["It is the only configuration with a score: there is nothing to compare it with."]
    if not pairs:
        return []
    name = best["configuration"]
    mine = {_other(pair, name): pair for pair in pairs if name in (pair.first, pair.second)}
    rest = [row["configuration"] for row in others if row["configuration"] in mine]
    better = [other for other in rest if mine[other].better == name]
    worse = [other for other in rest if mine[other].better == other]
    undecided = [other for other in rest if not mine[other].better and not mine[other].practically_equal]
    sentences = []
    if better:
        sure = "It is better by more than one point, with 95 % probability, than"
        sentences.append(f"{sure} {listed(better)}. {_tested(better, mine)}".strip())
    if worse:
        sentences.append(f"With 95 % probability more than one point better than it: {listed(worse)}.")
    if undecided:
        sentences.append(f"There are not enough faces to tell it apart from {listed(undecided)}.")
    return sentences


def _other(pair: Pair, name: str) -> str:
    return pair.second if pair.first == name else pair.first


def _tested(better: list[str], mine: Mapping[str, Pair]) -> str:
    """What the test says that allows for having chosen the best among many."""
    asked = [name for name in better if mine[name].p_maxt is not None]
    proven = [name for name in asked if mine[name].different]
    if not asked:
        return ""
    if not proven:
        return f"{PAIRED} it is significantly better than none of them."
    return f"{PAIRED} it is significantly better than {listed(proven) if proven != better else 'all of them'}."


PAIRED = "Corrected for having chosen the best of many (max-T permutation test, 5 %),"


def verdict(pair: Pair) -> str:
    """The verdict on two configurations in a word or two."""
    if pair.better:
        return f"{pair.better} better"
    return "practically the same" if pair.practically_equal else "undecided"


def _bounded(row: Row) -> bool:
    return row["accuracy_low"] is not None and row["accuracy_high"] is not None
