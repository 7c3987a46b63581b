"""The page: everything of a run in one file that reads offline, on paper, on a phone, in light and dark.

Labels, paths and reasons come from strangers' folders. Jinja2 escapes all of them, the drawings are SVG
whose text is escaped alike, and the page's own policy forbids scripts and any request.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrator.report.bar_charts import accuracy_bars, latency_bars
from orchestrator.report.curve_charts import learning_curves, open_set_curves, reliability_curves
from orchestrator.report.evidence import evidence_of
from orchestrator.report.material import ReportMaterial
from orchestrator.report.method import protocol, strangers
from orchestrator.report.people import (
    PEOPLE_SHOWN,
    confusions,
    duplicates,
    failures,
    hardest_faces,
    near_duplicates,
    recalls,
    strips,
)
from orchestrator.report.terminal import chance, comparison_rows, interval, number, outcome_counts, percent, points
from orchestrator.report.words import answer, verdict

TEMPLATES = Path(__file__).parent

_STEERING = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
STEERING_LETTERS = {code: "\N{REPLACEMENT CHARACTER}" for code in _STEERING if chr(code) not in "\t\n\r"}
"""Control letters, and those that turn the direction of all that follows: a label could hide another one."""


def write_report(folder: Path, material: ReportMaterial) -> Path:
    """Write folder/index.html and return its path; an earlier report is replaced whole.

    Equal material gives equal bytes.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    draft = folder / ".index.html.part"
    draft.write_text(render_page(material), encoding="utf-8", errors="backslashreplace")
    return draft.replace(page)


def render_page(material: ReportMaterial) -> str:
    """The page as HTML text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, number=number, chance=chance, points=points, verdict=verdict)
    environment.globals.update(interval=interval)
    return environment.get_template("page.html.jinja").render(_context(material)).translate(STEERING_LETTERS)


def _context(material: ReportMaterial) -> dict[str, Any]:
    rows = comparison_rows(material.comparison)
    people = strips(material.catalog, material.faces)
    evidence = evidence_of(material.scores, rows)
    calibration = [row for row in rows if row["calibration_error"] is not None]
    return {
        "run": material,
        "style": (TEMPLATES / "page.css").read_text(encoding="utf-8"),
        "answer": answer(material, evidence.choice),
        "protocol": protocol(material),
        "rows": rows,
        "accuracy": accuracy_bars(rows),
        "latency": latency_bars(rows),
        "evidence": evidence,
        "strangers": strangers(evidence),
        "open_set": [row for row in rows if row["dir_at_far"] is not None],
        "open_set_curves": open_set_curves(evidence.curves.open_set, list(evidence.strangers)),
        "calibration": calibration,
        "reliability": reliability_curves(
            evidence.curves.reliability, {row["configuration"]: row["calibration_error"] for row in calibration}
        ),
        "curves": learning_curves(material.fits),
        "confusions": confusions(material.scores, [row["configuration"] for row in rows]),
        "recalls": recalls(evidence.curves.people),
        "people": people[:PEOPLE_SHOWN],
        "people_left_out": max(0, len(people) - PEOPLE_SHOWN),
        "hardest": hardest_faces(
            material.catalog,
            material.faces,
            material.scores,
            [row["configuration"] for row in rows if row["view"] == "none"],
        ),
        "failures": failures(material.catalog, material.faces),
        "duplicates": duplicates(material.catalog),
        "near": near_duplicates(material.catalog, material.findings),
        "outcomes": outcome_counts(material.faces),
        "experiment": json.dumps(material.experiment, indent=2, sort_keys=True, default=str),
    }
