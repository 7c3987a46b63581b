"""Tables of a finished run as Markdown; every figure is read from its stored tables."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.engine_table import processor
from orchestrator.report.protocol_findings import shot_sentences, shot_table
from orchestrator.report.recommended import answer_first, count
from orchestrator.report.terminal import (
    NOTHING,
    comparison_rows,
    comparison_table,
    interval,
    number,
    percent,
    rank_texts,
)
from storage.finding_schemas import COMPARISON_TABLES
from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import FITS
from storage.tables import read_table

Row = dict[str, Any]

TERMINAL = 112
"""Letters of a line of the demo's output: a wide terminal."""


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a bar inside a cell is escaped.

    >>> print(markdown(("name", "accuracy"), [("svm", "98.4 %")]))
    | name | accuracy |
    |---|---|
    | svm | 98.4 % |
    """
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def made(command: str, *runs: Run) -> str:
    """The last line of a figure: the day of the newest fit, the command, the machine."""
    fits = [row for run in runs for row in read_parts(list_parts(run.fits), FITS).to_pylist()]
    loads = sorted(round(row["load"]) for row in fits if row["load"] is not None)
    cores = max((row["cores"] for row in fits if row["cores"]), default=1)
    return made_line(command, max(row["finished"] for row in fits), cores, loads[0], loads[-1])


def made_line(command: str, when: datetime, cores: int, least: float, most: float) -> str:
    """When, by which command and on which machine a figure was made.

    Args:
        least: the smallest load of the machine meanwhile (mean of a minute).
        most: the largest.
    """
    day = f"{when.astimezone(UTC):%d %B %Y}".lstrip("0")
    load = f"{least:.0f}" if round(least) == round(most) else f"{least:.0f} to {most:.0f}"
    return f"Made on {day} by `{command}`: {processor()}, {cores} cores, load {load}."


def rows_of(run: Run) -> list[Row]:
    """COMPARISON by rank."""
    return comparison_rows(read_table(run.comparison, COMPARISON_TABLES["comparison"]))


def points_of_run(run: Run) -> dict[str, Row]:
    """OPERATING_POINTS by configuration."""
    table = read_table(run.table("operating_points"), COMPARISON_TABLES["operating_points"])
    return {row["configuration"]: row for row in table.to_pylist()}


def recommendation(run: Run) -> str:
    """The first line of the run's result, as a quotation."""
    return f"> {_answer(run)[0]}"


def terminal(run: Run) -> str:
    """What `lineup run` prints of it first, as a block of code: the recommendation, the rule, the table."""
    from rich.console import Console

    comparison, points = (
        read_table(run.table(name), COMPARISON_TABLES[name]) for name in ("comparison", "operating_points")
    )
    out = Console(file=io.StringIO(), width=TERMINAL, color_system=None, force_terminal=True, legacy_windows=False)
    for line in _answer(run)[:2]:
        out.print(line, markup=False, highlight=False)
    out.print("...\n", comparison_table(comparison, points, TERMINAL), sep="\n")
    text = "\n".join(line.rstrip() for line in out.file.getvalue().splitlines())  # type: ignore[attr-defined]
    return f"```\n{text.rstrip()}\n```"


def accuracy_table(run: Run) -> str:
    """Rank, accuracy, log-loss and calibration error; accuracy on the training faces beside it."""
    rows = rows_of(run)
    return markdown(
        (
            "rank",
            "configuration",
            "accuracy",
            "95 % interval",
            "log-loss",
            "calibration error",
            "on its training faces",
        ),
        [
            (
                rank,
                _name(row),
                percent(row["accuracy"]),
                interval(row["accuracy_low"], row["accuracy_high"]),
                NOTHING if row["log_loss"] is None else f"{row['log_loss']:.2f}",
                percent(row["calibration_error"]),
                percent(row["train_accuracy"]),
            )
            for row, rank in zip(rows, rank_texts(rows), strict=True)
        ],
    )


def operating_table(run: Run) -> str:
    """What each configuration does at its threshold, people as the unit of the intervals."""
    points = points_of_run(run)
    rows = [(row, points[row["configuration"]]) for row in rows_of(run) if row["configuration"] in points]
    return markdown(
        (
            "configuration",
            "threshold",
            "known, let in and named",
            "known, turned away",
            "strangers let in",
            "worst person",
        ),
        [
            (
                _name(row),
                NOTHING if point["threshold_likeness"] is None else f"{point['threshold_likeness']:.0f} %",
                _share(point, "known_named", "known"),
                _share(point, "turned_away", "turned_away"),
                _share(point, "strangers_in", "strangers"),
                f"{count(point['worst_turned_away'])} of {point['worst_faces']}",
            )
            for row, point in rows
        ],
    )


def times_table(run: Run) -> str:
    """Seconds of a fit, first and warm; milliseconds of a face."""
    columns = (
        "fit_first_seconds",
        "fit_seconds",
        "fit_least_seconds",
        "fit_cpu_seconds",
        "latency_p50_ms",
        "photo_to_name_ms",
    )
    return markdown(
        (
            "configuration",
            "first fit, s",
            "warm fit, s",
            "least, s",
            "processor, s",
            "view to name, ms",
            "photo to name, ms",
        ),
        [(row["configuration"], *(number(row[name]) for name in columns)) for row in rows_of(run)],
    )


def shots_table(run: Run) -> str:
    """Accuracy against training photos a person, and what the intervals hold."""
    table = read_table(run.table("k_shot"), COMPARISON_TABLES["k_shot"])
    shown = shot_table(table)
    rows = [(name, *(f"{share} ({ends})" if ends else share for share, ends in cells)) for name, cells in shown.rows]
    return markdown(("training photos a person", *shown.heads), rows) + "\n\n" + " ".join(shot_sentences(table))


def _answer(run: Run) -> list[str]:
    comparison, points = (
        read_table(run.table(name), COMPARISON_TABLES[name]) for name in ("comparison", "operating_points")
    )
    return answer_first(comparison, points)


def _name(row: Row) -> str:
    return f"**{row['configuration']}**" if row["recommended"] else str(row["configuration"])


def _share(point: Row, name: str, ends: str) -> str:
    if point[name] is None:
        return NOTHING
    return f"{percent(point[name])} ({interval(point[f'{ends}_low'], point[f'{ends}_high'])})"
