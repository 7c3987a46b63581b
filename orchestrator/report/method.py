"""How it was done, in sentences: what was split, what strangers were kept apart, who took no part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.report.evidence import Evidence
from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import comparison_rows, percent
from orchestrator.report.words import Row, named
from orchestrator.text import counted

FEW_STRANGERS = 10
"""Fewer people than this are examples of strangers; how others fare they do not tell."""


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
        _groups(rows, material.findings),
        *_left_out(material.findings),
        *acquainted(material.findings),
        "Only training faces fit, tune, stop or scale anything; test faces are only named.",
        *(INTERVALS[method] for method in sorted(methods)),
    ]


INTERVALS = {
    "wilson": "Intervals are Wilson's score intervals for a proportion (Wilson, 1927), at 95 %.",
    "nadeau-bengio": "Intervals are Student's, at 95 %, with the variance corrected for overlapping training "
    "sets (Nadeau and Bengio, 2003).",
}


def acquainted(findings: Mapping[str, Any]) -> list[str]:
    """Whom of the compared people an encoder of our own has met while it was trained; an encoder, a sentence."""
    sentences = []
    for encoder, met in findings.get("encoders", {}).items():
        rows = f"rows with @{encoder}"
        if met["photos"]:
            sentences.append(
                f"Beware: the encoder {encoder} ({met['run']}) has learned from {met['photos']} of the photos that are "
                f"scored here; the {rows} are too good."
            )
        if met["named"]:
            sentences.append(
                f"{met['named']} of the {met['people']} people bear the name of somebody whom the encoder {encoder} "
                f"({met['run']}) has learned from; where they are the same people, the {rows} are flattered."
            )
        elif not met["photos"]:
            sentences.append(
                f"The encoder {encoder} ({met['run']}) has learned from none of the {met['people']} people, as far as "
                "photos and names tell."
            )
    return sentences


def _groups(rows: list[Row], findings: Mapping[str, Any]) -> str:
    """Whether photos of one group lie on both sides of a split: looked up, not assumed."""
    trained = {(row["repeat"], row["fold"], row["group"]) for row in rows if row["role"] == "train"}
    others = {(row["repeat"], row["fold"], row["group"]) for row in rows if row["role"] != "train"}
    straddling = len({group for _, _, group in trained & others})
    if straddling:
        return f"Beware: {straddling} groups of equal photos lie on both sides of a split; accuracy is too high."
    near = findings.get("near", {})
    if near.get("grouped"):
        return "Photos with equal bytes, and near-duplicates, share a group; no group lies on both sides of a split."
    return "Photos with equal bytes share a group, and no group lies on both sides of a split." + (
        " Near-duplicates do not, so some may lie on both sides and help."
        if near.get("by_hash") or near.get("by_embedding")
        else ""
    )


def _left_out(findings: Mapping[str, Any]) -> list[str]:
    """Near-duplicates by either measure, and who takes no part and why."""
    sentences = []
    if "near" in findings:
        near = findings["near"]
        sentences.append(
            f"Near-duplicates: {near['by_hash']} pairs by the pictures' hashes, {near['by_embedding']} by the "
            f"faces' measurements, {near['by_both']} by both."
        )
    if findings.get("excluded"):
        few = named([f"{label} ({count})" for label, count in findings["excluded"]])
        sentences.append(f"Too few different photos with a face, so no part in anything: {few}.")
    if findings.get("faceless"):
        sentences.append(f"No face in any photo, so no part in anything: {named(findings['faceless'])}.")
    if findings.get("conflicting"):
        count = len(findings["conflicting"])
        sentences.append(f"{counted(count, 'picture')} under several people's names took no part.")
    return sentences


def strangers(evidence: Evidence) -> list[str]:
    """How strangers were kept apart and what their number allows to be said; nothing in a closed run."""
    if not evidence.strangers:
        return []
    aim = next(iter(evidence.strangers.values())).aim
    choosers, chosen_on = evidence.calibrating
    testers, tested_on = evidence.testing
    sentences = [
        f"The threshold was chosen in each split so that at most {percent(aim)} of {chosen_on} faces of "
        f"{_people(choosers)} are let in, and tested on {tested_on} faces of {_people(testers)}. "
        "None of them was ever trained.",
        f"With {tested_on} faces nothing below {percent(1 / tested_on)} can be claimed, so no smaller rate is.",
    ]
    if min(choosers, testers) < FEW_STRANGERS:
        sentences.append(
            "So few strangers are examples, not a sample: another stranger may well be let in far more often."
        )
    return sentences


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"
