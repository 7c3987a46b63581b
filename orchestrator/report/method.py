"""How it was done, in sentences: what was split, who took no part, how open-set identification was tested."""

from __future__ import annotations

import pyarrow as pa

from orchestrator.report.evidence import Evidence
from orchestrator.report.group_photos import group_photos_sentence
from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import Row, listed, percent
from orchestrator.text import counted

FEW_UNKNOWN_PEOPLE = 10
"""Fewer unknown people than this are examples; what holds for others they do not tell."""


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
    many = "the same split; it" if len(sizes) == 1 else f"the same {len(sizes)} splits; the first"
    return [
        f"Every configuration was trained and tested on {many} holds {shares} faces.",
        _groups(rows, material),
        *filter(None, [group_photos_sentence(material.faces, material.experiment.get("faces", {}).get("policy", ""))]),
        *_left_out(material),
        *overlap_sentences(material.findings["encoder_overlap"]),
        *filter(None, [material.mixed_environments]),
        "Only training faces fit, tune, stop or scale a model. The distances of the test faces also choose the "
        "threshold; each person's faces are judged at a threshold that the other people's faces chose.",
        *INTERVALS,
    ]


INTERVALS = (
    "Intervals are at 95 % and count each distinct face once, however many repeats tested it: for a proportion "
    "Jeffreys' posterior, for other figures the Bayesian bootstrap (Rubin, 1981).",
    "Where known people are turned away or strangers let in, people are the unit: Clopper and Pearson's interval on "
    "the effective number of faces (Korn and Graubard, 1998).",
)


def overlap_sentences(overlap: pa.Table) -> list[str]:
    """Which people of this run an encoder of our own was trained on, in sentences.

    Args:
        overlap: `storage.finding_schemas.ENCODER_OVERLAP`.
    """
    sentences = []
    for row in overlap.to_pylist():
        encoder, rows = f"{row['encoder']} ({row['run']})", f"rows with @{row['encoder']}"
        if row["photos"]:
            sentences.append(
                f"Beware: the encoder {encoder} was trained on {row['photos']} of the photos that are scored here; "
                f"the {rows} are too good."
            )
        if row["named"]:
            sentences.append(
                f"{row['named']} of the {row['people']} people have the name of a person that the encoder {encoder} "
                f"was trained on; where they are the same people, the {rows} are too good."
            )
        elif not row["photos"]:
            sentences.append(
                f"The encoder {encoder} was trained on none of the {row['people']} people, as far as photos and names "
                "tell."
            )
    return sentences


def _groups(rows: list[Row], material: ReportMaterial) -> str:
    """Whether photos of one group lie on both sides of a split: looked up, not assumed."""
    trained = {(row["repeat"], row["fold"], row["group"]) for row in rows if row["role"] == "train"}
    others = {(row["repeat"], row["fold"], row["group"]) for row in rows if row["role"] != "train"}
    straddling = len({group for _, _, group in trained & others})
    if straddling:
        return f"Beware: {straddling} groups of equal photos lie on both sides of a split; accuracy is too high."
    if material.near_grouped:
        return "Photos with equal bytes, and near-duplicates, share a group; no group lies on both sides of a split."
    return "Photos with equal bytes share a group, and no group lies on both sides of a split." + (
        " Near-duplicates do not, so some may lie on both sides and raise the accuracy."
        if material.findings["near_duplicates"].num_rows
        else ""
    )


def _left_out(material: ReportMaterial) -> list[str]:
    """Near-duplicates by either measure, and who takes no part and why."""
    near = [(row["by_hash"], row["by_embedding"]) for row in material.findings["near_duplicates"].to_pylist()]
    sentences = [
        f"Near-duplicates: {sum(hashed for hashed, _ in near)} pairs by the pictures' hashes, "
        f"{sum(measured for _, measured in near)} by the faces' embeddings, {near.count((True, True))} by both."
    ]
    left_out = material.findings["left_out"].to_pylist()
    few = [f"{row['label']} ({row['groups']})" for row in left_out if row["reason"] == "too_few_photos"]
    faceless = [row["label"] for row in left_out if row["reason"] == "no_face"]
    conflicting = sum(row["reason"] == "several_names" for row in left_out)
    if few:
        sentences.append(f"Left out, since they have too few different photos with a face: {listed(few)}.")
    if faceless:
        sentences.append(f"Left out, since no photo of them has a face: {listed(faceless)}.")
    alike = [row["label"] for row in left_out if row["reason"] == "one_group"]
    if alike:
        sentences.append(f"Left out, since all their photos are in one group: {listed(alike)}.")
    untrained = [f"{row['label']} ({row['groups']})" for row in left_out if row["reason"] == "untrained"]
    if untrained:
        sentences.append(
            f"Not tested in some splits (so many), where none of their photos trains: {listed(untrained)}."
        )
    if conflicting:
        sentences.append(f"Left out: {counted(conflicting, 'picture')} under several people's names.")
    return sentences


def open_set_sentences(evidence: Evidence) -> list[str]:
    """How open-set identification was tested and what the counts allow to be said; nothing in a closed run."""
    row = next(iter(evidence.open_set.values()), None)
    if row is None:
        return []
    sentences = [
        f"In each split some unknown people choose the threshold, so that at most {percent(row['aim'])} of their faces "
        f"are accepted, and others test it; none of them trains there. Over all splits {row['calibrate_faces']} faces "
        f"of {_people(row['calibrate_people'])} choose and {row['unknown_faces']} faces of "
        f"{_people(row['unknown_people'])} test.",
        "A rate of 0 % does not mean never: read the upper end of its interval.",
    ]
    if min(row["calibrate_people"], row["unknown_people"]) < FEW_UNKNOWN_PEOPLE:
        sentences.append(
            "So few unknown people are examples, not a sample: another unknown person may be accepted far more often."
        )
    return sentences


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"
