"""Print the result of a run: table, counts of outcomes, where the report is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from orchestrator.report.comparison_exports import comparison_csv, comparison_latex, comparison_markdown
from orchestrator.report.encoder_summary import encoder_lines, encoder_of
from orchestrator.report.group_photos import group_photos_sentence
from orchestrator.report.method import overlap_sentences
from orchestrator.report.mixed_environments import mixed_sentence
from orchestrator.report.protocol_findings import findings_lines
from orchestrator.report.recommended import answer_first, recommendation_as_json
from orchestrator.report.suspects_file import SUSPECTS_CSV, suspects_sentence
from orchestrator.report.terminal import comparison_rows, comparison_table, comparison_text
from orchestrator.text import browser_address, counted, printable
from storage.errors import InputError
from storage.finding_schemas import COMPARISON_TABLES, ENCODER_OVERLAP, SUSPECTS
from storage.plans import ENCODER_RUN
from storage.run_faces import read_faces
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table

if TYPE_CHECKING:
    from rich.console import Console

_ANSWER = ("comparison", "operating_points")
"""The tables that say what to use."""


def photo_outcomes(catalog: pa.Table, faces: pa.Table) -> dict[str, int]:
    """Photos by outcome, every file of the catalogue counted once, the most frequent first."""
    columns = (faces.column(name).to_pylist() for name in ("photo_key", "outcome"))
    found = dict(zip(*columns, strict=True))
    rows = zip(catalog.column("photo_key").to_pylist(), catalog.column("outcome").to_pylist(), strict=True)
    counts = Counter(found.get(key, "ok") if outcome == "ok" else outcome for key, outcome in rows)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def result_of(run: Run) -> dict[str, Any]:
    """A finished run as `--json` prints it; raises StoreError."""
    counts = photo_outcomes(read_table(run.catalog, CATALOG), read_faces(run, ["photo_key", "outcome"]))
    result = {"run_id": run.run_id, "state": "finished", "photos": counts}
    if run.plan.kind == ENCODER_RUN:
        return {**result, "encoder": encoder_of(run)}
    if not run.compares:
        return result
    comparison, operating = (read_table(run.table(name), COMPARISON_TABLES[name]) for name in _ANSWER)
    answer = {
        "recommendation": recommendation_as_json(comparison, operating),
        "comparison": comparison_rows(comparison),
    }
    told = {name: table.to_pylist() for name, table in (*_protocol_findings(run).items(), ("suspects", _suspects(run)))}
    return {**result, **answer, **told, "report": str(run.report / "index.html")}


def printed_as(run: Run, shape: str) -> str:
    """A finished run's comparison as html, md, csv or latex; raises StoreError, or InputError where it has none."""
    if not run.compares:
        raise InputError(f"run {run.run_id} compares nothing", "Leave --format out, or use --format json")
    if shape == "html":
        return (run.report / "index.html").read_text(encoding="utf-8")
    comparison, operating = (read_table(run.table(name), COMPARISON_TABLES[name]) for name in _ANSWER)
    if shape == "csv":
        return comparison_csv(comparison)
    return comparison_latex(comparison, operating) if shape == "latex" else comparison_markdown(comparison, operating)


def print_result(run: Run, out: Console) -> None:
    """Print what to use and the table, or the encoder's figures; the counts; where the report is; raises StoreError."""
    if run.compares:
        comparison, operating = (read_table(run.table(name), COMPARISON_TABLES[name]) for name in _ANSWER)
        for place, line in enumerate(answer_first(comparison, operating)):
            style = "bold" if place == 0 else None
            out.print(printable(line), style=style, markup=False, highlight=False, soft_wrap=not out.is_terminal)
        if out.is_terminal:
            out.print(comparison_table(comparison, operating, out.width))
        else:
            out.print(comparison_text(comparison, operating), markup=False, soft_wrap=True)
        for line in findings_lines(_protocol_findings(run), _best(comparison)):
            out.print(line, markup=False, soft_wrap=True)
    faces = read_faces(run, ["photo_key", "outcome", "photo_faces"])
    counts = photo_outcomes(read_table(run.catalog, CATALOG), faces)
    total = sum(counts.values())
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    lines = [f"{counted(total, 'photo')}: {words}"]
    lines += filter(None, [group_photos_sentence(faces, run.plan.engine.policy), mixed_sentence(run)])
    if run.compares:
        lines += overlap_sentences(read_table(run.table("encoder_overlap"), ENCODER_OVERLAP))
        lines += filter(None, [suspects_sentence(_suspects(run), str(run.report / SUSPECTS_CSV))])
        lines.append(f"Report: {browser_address(run.report / 'index.html')}")
    if run.plan.kind == ENCODER_RUN:
        lines += encoder_lines(run)
    for line in lines:
        out.print(printable(line), markup=False, soft_wrap=True)


def _suspects(run: Run) -> pa.Table:
    return read_table(run.table("suspects"), SUSPECTS)


def _protocol_findings(run: Run) -> dict[str, pa.Table]:
    names = ("k_shot", "subgroups", "draws", "end_to_end")
    return {name: read_table(run.table(name), COMPARISON_TABLES[name]) for name in names}


def _best(comparison: pa.Table) -> str | None:
    rows = [row for row in comparison_rows(comparison) if row["outcome"] == "ok"]
    best = min(rows, key=lambda row: not row["recommended"], default=None)
    return best["configuration"] if best else None
