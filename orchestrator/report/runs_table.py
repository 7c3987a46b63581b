"""All runs in one table: what each is about, and what came out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.report.terminal import NOTHING, percent
from orchestrator.text import aligned_columns, printable
from storage.errors import LineupError
from storage.finding_schemas import COMPARISON_TABLES
from storage.runs import Run
from storage.schemas import CATALOG, EXCLUDED
from storage.tables import read_table

RUN_COLUMNS = ("run", "planned", "people", "photos", "recommended", "accuracy", "state")


@dataclass(frozen=True)
class RunSummary:
    """A run; None is what is not known (yet)."""

    planned: str = ""
    people: int | None = None
    photos: int | None = None
    recommended: str | None = None
    accuracy: float | None = None


def summary_of(run: Run) -> RunSummary:
    """What a run's tables say of it; a table that is missing or damaged says nothing."""
    summary: dict[str, Any] = {"planned": run.plan.created[:16].replace("T", " ")}
    try:
        rows = read_table(run.catalog, CATALOG).select(["label", "outcome"]).to_pylist()
        labels = [row["label"] for row in rows if row["outcome"] != EXCLUDED]
        summary |= {"people": len(set(labels)), "photos": len(labels)}
        if run.compares and run.comparison.exists():
            comparison = read_table(run.table("comparison"), COMPARISON_TABLES["comparison"]).to_pylist()
            best = next((row for row in comparison if row["recommended"]), None)
            summary |= {"recommended": best and best["configuration"], "accuracy": best and best["accuracy"]}
    except LineupError:
        return RunSummary(**summary)
    return RunSummary(**summary)


def summary_as_json(summary: RunSummary) -> dict[str, object]:
    """A summary as `--json` prints it."""
    return asdict(summary)


def runs_text(rows: list[tuple[str, RunSummary, str]]) -> list[str]:
    """Lines of a table, a line a run.

    Args:
        rows: (name, summary, state in words).
    """
    return aligned_columns([RUN_COLUMNS, *map(run_cells, rows)]) if rows else []


def run_cells(row: tuple[str, RunSummary, str]) -> tuple[str, ...]:
    """The texts of RUN_COLUMNS for (name, summary, state in words); none can steer a terminal."""
    name, summary, state = row
    return (
        printable(name),
        summary.planned or NOTHING,
        NOTHING if summary.people is None else str(summary.people),
        NOTHING if summary.photos is None else str(summary.photos),
        printable(summary.recommended or NOTHING),
        percent(summary.accuracy),
        printable(state),
    )
