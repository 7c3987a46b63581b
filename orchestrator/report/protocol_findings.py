"""What a protocol finds beside the comparison: k-shot, subgroups, draws of the hold-out, whom detection failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pyarrow as pa

from orchestrator.report.curve_charts import Line, Square
from orchestrator.report.terminal import NOTHING, interval, percent
from orchestrator.text import aligned_columns, counted, examples, printable

Row = dict[str, Any]


CURVE_FLOOR = 0.8
"""Curves are drawn from here up, unless all lie below: methods that are worth a choice differ above it."""


@dataclass(frozen=True)
class ShotTable:
    """Accuracy against training photos a person.

    Attributes:
        heads: a column's number of photos and how many people have them.
        rows: configuration, then accuracy and interval for each column; the best at the largest number first.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def findings_lines(findings: Mapping[str, pa.Table], best: str | None) -> list[str]:
    """Lines for a terminal, below the comparison; none where the protocol and the labels ask for nothing more.

    Args:
        findings: tables of `storage.finding_schemas.COMPARISON_TABLES` by name.
        best: the configuration whose subgroups are shown.
    """
    lines: list[str] = []
    shots = shot_table(findings["k_shot"])
    if shots.rows:
        cells = [(name, *(f"{share} ({ends})" if ends else share for share, ends in row)) for name, row in shots.rows]
        lines += ["", "Accuracy against training photos a person, with 95 % intervals:"]
        lines += aligned_columns([("configuration", *shots.heads), *cells])
        lines += shot_sentences(findings["k_shot"])
    groups = [row for row in findings["subgroups"].to_pylist() if row["configuration"] == best]
    if groups:
        heads = ("subgroup", "test faces", "accuracy", "95 % interval", "photos", "without a face")
        lines += ["", f"By subgroup, {best}:", *aligned_columns([heads, *(subgroup_cells(row) for row in groups)])]
    told = [*draw_sentences(findings["draws"]), *end_to_end_sentences(findings["end_to_end"])]
    return [printable(line) for line in (*lines, *([""] if lines and told else []), *told)]


def shot_table(table: pa.Table) -> ShotTable:
    """K_SHOT as it is shown; without rows in another run."""
    rows: list[Row] = table.to_pylist()
    people = {row["shots"]: row["people"] for row in rows}
    found = {(row["configuration"], row["shots"]): row for row in rows}
    last = max(people, default=0)
    names = sorted({name for name, _ in found}, key=lambda name: (-(found[name, last]["accuracy"] or 0), name))
    return ShotTable(
        heads=tuple(f"{shots} ({counted(people[shots], 'person', 'people')})" for shots in sorted(people)),
        rows=tuple((name, tuple(_share(found[name, shots]) for shots in sorted(people))) for name in names),
    )


def shot_sentences(table: pa.Table) -> list[str]:
    """At how many photos the configurations are ranked, and what the intervals hold."""
    rows: list[Row] = table.to_pylist()
    if not rows:
        return []
    last, most = max(rows, key=lambda row: row["shots"]), max(row["people"] for row in rows)
    whom = f"which {last['people']} of {most} people have" if last["people"] < most else f"which all {most} people have"
    least = min(row["shots"] for row in rows)
    spread = [row["repeat_deviation"] for row in rows if row["shots"] == least and row["repeat_deviation"] is not None]
    sentences = [
        f"Ranked at {counted(last['shots'], 'training photo')} a person, {whom}; the same photos test at every number. "
        "Columns of other people compare methods, not numbers of photos.",
    ]
    if spread:
        sentences.append(
            "Intervals are of the test faces. Which photos train moves the accuracy too: over repeats its standard "
            f"deviation at {counted(least, 'photo')} is {100 * median(spread):.1f} points (median of the methods)."
        )
    return sentences


def shot_curves(table: pa.Table) -> tuple[list[Square], str]:
    """A drawing of each configuration, and what its axes are; accuracy upwards from one floor."""
    rows = [row for row in table.to_pylist() if row["accuracy"] is not None]
    if not rows:
        return [], ""
    floor = CURVE_FLOOR if max(row["accuracy"] for row in rows) > CURVE_FLOOR else 0.0
    places = {shots: place for place, shots in enumerate(sorted({row["shots"] for row in table.to_pylist()}))}
    wide = max(1, len(places) - 1)
    squares = []
    for name, _ in shot_table(table).rows:
        mine = sorted((row for row in rows if row["configuration"] == name), key=lambda row: row["shots"])
        if not mine:
            continue
        lines = [
            Line(
                word,
                " ".join(
                    f"{100 * places[row['shots']] / wide:.2f},{100 * min(1, (1 - row[key]) / (1 - floor)):.2f}"
                    for row in mine
                ),
                percent(mine[-1]["accuracy"]) if key == "accuracy" else "",
                int(key != "accuracy"),
            )
            for word, key in (("accuracy", "accuracy"), ("from", "low"), ("to", "high"))
        ]
        squares.append(Square(name, f"at {counted(mine[-1]['shots'], 'photo')}", tuple(lines)))
    named = ", ".join(str(shots) for shots in places)
    below = "; what is lower lies on the floor" if floor else ""
    return squares, f"Left to right: {named} training photos a person. Upwards: {100 * floor:.0f} to 100 %{below}."


def subgroup_cells(row: Row) -> tuple[str, ...]:
    """A row of SUBGROUPS as it is shown."""
    return (
        row["subgroup"] or "(none)",
        str(row["faces"]),
        percent(row["accuracy"]),
        interval(row["low"], row["high"]) if row["faces"] else NOTHING,
        str(row["photos"]),
        f"{row['without_face']} ({percent(row['without_face'] / row['photos'])})",
    )


def draw_sentences(table: pa.Table) -> list[str]:
    """In how many draws of the hold-out each configuration is the best."""
    rows: list[Row] = sorted(table.to_pylist(), key=lambda row: (-row["best"], -row["alone"], row["configuration"]))
    if not rows:
        return []
    firm = [f"{row['configuration']} in {row['best']} ({row['alone']} alone)" for row in rows if row["best"]]
    return [
        f"Of {rows[0]['draws']} draws of the hold-out, the best, or as good: {', '.join(firm)}. "
        "Networks are not trained on further draws. The faces of the draws overlap; kfold with repeats = 3 tells more."
    ]


def end_to_end_sentences(table: pa.Table) -> list[str]:
    """Which photos count as wrong answers end to end; nothing where every photo gave a face."""
    rows: list[Row] = table.to_pylist()
    kept, dropped = ([row for row in rows if row["dropped"] == whether] for whether in (False, True))
    without = sum(row["photos"] - row["with_face"] for row in kept)
    if not without and not dropped:
        return []
    total = sum(row["photos"] for row in rows)
    sentence = f"End to end counts {counted(total, 'photo')} of {counted(len(rows), 'person', 'people')}: "
    parts = [f"{without} gave no usable face"] if without else []
    if dropped:
        names = [f"{row['label']} (a face in {row['with_face']} of {row['photos']})" for row in dropped]
        lost = sum(row["photos"] for row in dropped)
        parts.append(
            f"{lost} are of people who drop out because too few of their photos gave a face: {examples(names)}"
        )
    return [f"{sentence}{', and '.join(parts)}. All of these are wrong answers."]


def page_findings(findings: Mapping[str, pa.Table], order: Sequence[str]) -> dict[str, Any]:
    """The same for the report's page.

    Args:
        findings: tables of `storage.finding_schemas.COMPARISON_TABLES` by name.
        order: configurations, the best first.
    """
    curves, axes = shot_curves(findings["k_shot"])
    draws = sorted(findings["draws"].to_pylist(), key=lambda row: (-row["best"], -row["alone"], row["configuration"]))
    return {
        "shots": shot_table(findings["k_shot"]),
        "shot_sentences": shot_sentences(findings["k_shot"]),
        "shot_curves": curves,
        "shot_axes": axes,
        "draws": draws,
        "draw_sentences": draw_sentences(findings["draws"]),
        "subgroups": by_configuration(findings["subgroups"], order),
        "end_to_end": end_to_end_sentences(findings["end_to_end"]),
    }


def by_configuration(table: pa.Table, order: Sequence[str]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """SUBGROUPS of each configuration as cells, in the order given."""
    rows: list[Row] = table.to_pylist()
    found = [(name, [subgroup_cells(row) for row in rows if row["configuration"] == name]) for name in order]
    return [(name, cells) for name, cells in found if cells]


def _share(row: Row) -> tuple[str, str]:
    if row["accuracy"] is None:
        return "failed", ""
    return percent(row["accuracy"]), interval(row["low"], row["high"])
