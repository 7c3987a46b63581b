"""From a finished run's tables to its report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from orchestrator.report.material import ReportMaterial
from orchestrator.report.mixed_environments import mixed_sentence
from orchestrator.report.page import render_page
from orchestrator.report.suspects_file import write_suspects
from storage.face_pictures import run_pictures
from storage.finding_schemas import COMPARISON_TABLES, SPLIT_TABLES
from storage.parts import list_parts, read_parts
from storage.run_faces import read_faces
from storage.runs import Run
from storage.schemas import CATALOG, FITS, SCORES
from storage.tables import read_table, usable_rows
from storage.write_whole import write_bytes
from workers.compare.k_shot import largest_shot
from workers.compare.paired import Pair
from workers.jobs.load_faces import faces_by_encoder
from workers.jobs.photo_paths import submitted_photos
from workers.learning.configurations import AT
from workers.memory import keep_heap_small

_FACE_COLUMNS = ["photo_key", "face_index", "outcome", "reason", "embedding", "photo_faces"]
_FINDINGS = {**SPLIT_TABLES, **COMPARISON_TABLES}


def material_of(run: Run) -> ReportMaterial:
    """Everything that the report shows; raises StoreError where a table is missing or damaged."""
    plan = run.plan
    findings = {name: read_table(run.table(name), schema) for name, schema in _FINDINGS.items()}
    tables = {
        "splits": findings["splits"],
        "scores": read_parts(list_parts(run.scores), SCORES),
        "fits": read_parts(list_parts(run.fits), FITS),
    }
    if plan.experiment.protocol.kind == "k-shot":  # its folds are numbers of photos: the ranked one is shown
        tables = {name: largest_shot(table, findings["splits"]) for name, table in tables.items()}
    faces = read_faces(run, _FACE_COLUMNS)
    encoder = _encoder_of_winner(findings["comparison"])
    ended = datetime.fromtimestamp(run.comparison.stat().st_mtime, UTC)
    return ReportMaterial(
        name=Path(plan.dataset).name,
        run_id=plan.run_id,
        experiment=plan.experiment.plain(),
        fingerprint=plan.fingerprint,
        wall_seconds=(ended - datetime.fromisoformat(plan.created)).total_seconds(),
        versions=plan.versions,
        catalog=read_table(run.catalog, CATALOG),
        faces=faces,
        map_encoder=encoder,
        map_faces=_embedded_by(run, faces, encoder) if encoder else None,
        pictures=run_pictures(run),
        **tables,
        comparison=findings["comparison"],
        pairs=tuple(Pair(**row) for row in findings["pairs"].to_pylist()),
        findings=findings,
        dataset=plan.dataset,
        labels=plan.labels,
        created=plan.created,
        mixed_environments=mixed_sentence(run),
        near_grouped=plan.experiment.protocol.groups_near_duplicates,
    )


def _encoder_of_winner(comparison: pa.Table) -> str:
    """The encoder that the name of the recommended configuration ends with; empty for the face engine's own."""
    rows = comparison.select(["configuration", "recommended"]).to_pylist()
    return next((row["configuration"].partition(AT)[2] for row in rows if row["recommended"]), "")


def _embedded_by(run: Run, faces: pa.Table, encoder: str) -> pa.Table:
    """The usable faces with the embeddings of another encoder, or of several side by side."""
    usable = usable_rows(faces)
    measured = faces_by_encoder(run, encoder).embedding
    column = pa.FixedSizeListArray.from_arrays(pa.array(measured.ravel()), measured.shape[1])
    return usable.set_column(usable.schema.get_field_index("embedding"), "embedding", column)


def draw_report(run: Run) -> Path:
    """Draw the page anew; raises StoreError."""
    keep_heap_small()  # what the stages before took is free now
    page = run.report / "index.html"
    material = material_of(run)
    write_suspects(run.report, material.findings["suspects"], submitted_photos(material.catalog))
    keep_heap_small()  # reading took more than what was read
    write_bytes(page, render_page(material).encode())
    return page
