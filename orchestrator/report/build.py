"""From a finished run's tables to its report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.report.material import ReportMaterial
from orchestrator.report.page import render_page
from storage.parts import list_parts, read_metadata, read_parts, write_bytes
from storage.runs import Run
from storage.schemas import CATALOG, COMPARISON, FACES, FITS, SCORES, SPLITS
from storage.tables import read_table
from workers.compare.comparison import read_pairs


def material_of(run: Run) -> ReportMaterial:
    """Everything that the report shows; raises StoreError where a table is missing or damaged."""
    plan = run.plan
    ended = datetime.fromtimestamp(run.comparison.stat().st_mtime, UTC)
    return ReportMaterial(
        name=Path(plan.dataset).name,
        run_id=plan.run_id,
        experiment=plan.experiment.plain(),
        fingerprint=plan.fingerprint,
        wall_seconds=(ended - datetime.fromisoformat(plan.created)).total_seconds(),
        versions=plan.versions,
        catalog=read_table(run.catalog, CATALOG),
        faces=read_table(run.faces, FACES),
        splits=read_table(run.splits, SPLITS),
        scores=read_parts(list_parts(run.scores), SCORES),
        fits=read_parts(list_parts(run.fits), FITS),
        comparison=read_table(run.comparison, COMPARISON),
        pairs=read_pairs(run),
        findings=json.loads(read_metadata(run.splits).get("lineup.findings", "{}")),
    )


def draw_report(run: Run) -> Path:
    """Draw the page anew; raises StoreError."""
    page = run.report / "index.html"
    write_bytes(page, render_page(material_of(run)).encode())
    return page
