"""The page: everything of a run in one file that reads offline, on paper, on a phone, in light and dark.

Labels, paths and reasons come from foreign folders. Jinja2 escapes all of them, also in the SVG drawings, and the
page's own policy allows the scripts that stand in it by their hashes, and forbids every request.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.report.bar_charts import accuracy_bars, latency_bars
from orchestrator.report.bokeh_figures import accuracy_figure, map_figure, page_scripts, script_policy
from orchestrator.report.curve_charts import learning_curves, open_set_curves, reliability_curves
from orchestrator.report.embedding_map import embedding_map
from orchestrator.report.evidence import evidence_of
from orchestrator.report.material import ReportMaterial
from orchestrator.report.method import open_set_sentences, protocol
from orchestrator.report.mistaken_for import beside_training
from orchestrator.report.operating_curves import operating_curves
from orchestrator.report.people import (
    PEOPLE_SHOWN,
    confusions,
    duplicates,
    failures,
    hardest_faces,
    listed_near_duplicates,
    strips,
    worst_named,
    worst_recalls,
)
from orchestrator.report.protocol_findings import page_findings
from orchestrator.report.recommended import count, likeness_text, points_of
from orchestrator.report.run_again import run_again
from orchestrator.report.run_times import timing_sentences
from orchestrator.report.suspected_labels import suspected_labels
from orchestrator.report.terminal import (
    Row,
    chance,
    comparison_rows,
    interval,
    number,
    outcome_counts,
    percent,
    points,
    rank_texts,
)
from orchestrator.report.words import answer, scored, verdict

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent

_STEERING = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
STEERING_LETTERS = {code: "\N{REPLACEMENT CHARACTER}" for code in _STEERING if chr(code) not in "\t\n\r"}
"""Control letters, and those that turn the direction of all that follows: a label could hide another one."""


def page_environment(folder: Path) -> Environment:
    """The templates of a folder. What is put into them is escaped, and a name that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_page(material: ReportMaterial) -> str:
    """The page as HTML text."""
    environment = page_environment(TEMPLATES)
    environment.filters.update(
        percent=percent,
        number=number,
        count=count,
        likeness=likeness_text,
        chance=chance,
        points=points,
        verdict=verdict,
    )
    environment.globals.update(interval=interval)
    return environment.get_template("page.html.jinja").render(_context(material)).translate(STEERING_LETTERS)


def _context(material: ReportMaterial) -> dict[str, Any]:
    rows = comparison_rows(material.comparison)
    findings = material.findings
    evidence = evidence_of(findings, [row["configuration"] for row in rows if row["outcome"] == "ok"])
    winner = next((row["configuration"] for row in rows if row["recommended"]), "")
    operating = points_of(findings["operating_points"])
    calibration = [row for row in rows if row["calibration_error"] is not None]
    return {
        "run": material,
        "style": (TEMPLATES / "page.css").read_text(encoding="utf-8"),
        "answer": answer(material, evidence.choice),
        "protocol": protocol(material),
        "rows": rows,
        "protocol_findings": page_findings(findings, [row["configuration"] for row in rows]),
        "winner": winner,
        "ranks": rank_texts(rows),
        "operating": operating,
        "operating_curves": operating_curves(material.scores, operating, [row["configuration"] for row in rows]),
        "outside": [(row["configuration"], row["outside_family"]) for row in rows if row["outside_family"]],
        "accuracy": accuracy_bars(rows),
        "latency": latency_bars(rows),
        "timing": timing_sentences(material),
        "evidence": evidence,
        "open_set_sentences": open_set_sentences(evidence),
        "open_set": [row for row in rows if row["dir_at_far"] is not None],
        "open_set_curves": open_set_curves(findings["open_set_curve"], list(evidence.open_set)),
        "calibration": calibration,
        "reliability": reliability_curves(
            findings["reliability"], {row["configuration"]: row["calibration_error"] for row in calibration}
        ),
        "curves": learning_curves(material.fits),
        "confusions": confusions(material.scores, [row["configuration"] for row in rows]),
        "recalls": worst_recalls(findings["people"]),
        "again": run_again(material),
        **_figures(material, rows, winner),
        **_pictured(material, [row["configuration"] for row in rows if row["view"] == "none"], winner),
    }


def _figures(material: ReportMaterial, rows: list[Row], winner: str) -> dict[str, Any]:
    """The two pictures and all scripts of the page."""
    faces = embedding_map(material, winner)
    scripts = page_scripts()
    return {
        "scripts": scripts,
        "script_policy": script_policy(scripts),
        "accuracy_figure": accuracy_figure(rows),
        "figure_text": "; ".join(
            f"{row['configuration']} {percent(row['accuracy'])}, {number(row['photo_to_name_ms'])} ms"
            for row in scored(rows)
        ),
        "map_figure": map_figure(faces) if faces else "",
        "map_encoder": material.map_encoder,
        "faces_mapped": len(faces.x) if faces else 0,
        "faces_known": faces.total if faces else 0,
    }


def _pictured(material: ReportMaterial, blind: list[str], winner: str) -> dict[str, Any]:
    """The sections that show faces and photos; `blind` are the configurations that look at no face."""
    hard = hardest_faces(material.catalog, material.pictures, material.scores, blind)
    worst = worst_named(material.findings["people"], winner)
    people = strips(material.catalog, material.faces, material.splits, material.pictures, worst)
    return {
        "people": people[:PEOPLE_SHOWN],
        "people_left_out": max(0, len(people) - PEOPLE_SHOWN),
        "hardest": beside_training(hard, material),
        "labels": suspected_labels(material.catalog, material.pictures, material.findings["suspects"]),
        "failures": failures(material.catalog, material.faces),
        "duplicates": duplicates(material.catalog),
        "near": listed_near_duplicates(material.catalog, material.findings["near_duplicates"]),
        "outcomes": outcome_counts(material.faces),
    }
