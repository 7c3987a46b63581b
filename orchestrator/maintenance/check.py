"""Verify a run: every photo has an outcome, every part is readable, every table belongs to the run. Changes nothing.

Each fault is a sentence. `lineup resume` repairs most of them: it sets damaged parts aside and makes them again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.maintenance.consistency import (
    catalog_faults,
    comparison_faults,
    finding_faults,
    photo_faults,
    picture_faults,
    score_faults,
    split_faults,
    suspect_faults,
)
from orchestrator.report.encoder_summary import encoder_of
from orchestrator.scheduler.compatibility import check_readable, check_resumable
from orchestrator.scheduler.run_fingerprint import planned_fingerprint
from orchestrator.scheduler.worker_watch import worker_faults
from storage.encodings import Done, encoding_folders
from storage.errors import RunStuck, StoreError
from storage.file_locks import BUILDING, TEMPORARY
from storage.finding_schemas import COMPARISON_TABLES, SPLIT_TABLES
from storage.part_checks import is_intact
from storage.parts import list_parts, read_metadata, read_part
from storage.plans import ENCODER_REPORT, ENCODER_RUN
from storage.runs import Run
from storage.schemas import CATALOG, COMPARISON, EMBEDDINGS, FACES, FITS, RUN_FACES, SCORES, SPLITS
from storage.temporary_files import is_abandoned
from workers.jobs.load_faces import KEY_COLUMNS
from workers.jobs.photo_paths import submitted_photos
from workers.jobs.planned_encoders import onnx_encoders
from workers.jobs.planned_trainings import planned_trainings
from workers.jobs.train_encoder import settings_of
from workers.learning.encoder.picture_encoder import encoder_digest
from workers.recognition.recogniser import FILE as MODEL

RUN, ENGINE = "lineup.run", "lineup.engine"
"""Keys in the metadata of a part: the fingerprint of the run, or of the engine, that it belongs to."""

SCORE_COLUMNS = ["configuration", "repeat", "fold", "photo_key", "face_index", "role"]


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Args:
        photos: rows of the catalogue.
        parts: Parquet files that were read.
        faults: sentences; empty where there is none. They may contain names from the user's disk.
    """

    run_id: str
    photos: int
    parts: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    path: Path
    schema: pa.Schema
    key: str
    fingerprint: str


def check_run(run: Run) -> Verdict:
    """Verify a run and the shared encodings that it uses, but no other run of the store."""
    try:
        check_readable(run)
    except RunStuck as error:
        return Verdict(run.run_id, 0, 0, (f"{error}",))
    parts = list(_parts(run))
    damaged = {part.path: fault for part in parts if (fault := _part_fault(part))}
    faults = [*_unfinished(run), *_leftovers(run), *damaged.values(), *_model_faults(run), *_encoder_faults(run)]
    tables = _Tables(damaged)
    catalog = tables.read(run.catalog, CATALOG)
    if catalog is not None:
        faults += _table_faults(run, catalog, tables)
    return Verdict(run.run_id, catalog.num_rows if catalog else 0, len(parts), tuple(faults))


@dataclass(frozen=True)
class _Tables:
    """Reads tables that are stored and intact."""

    damaged: Collection[Path]

    def read(self, path: Path, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table | None:
        if path in self.damaged or not path.exists():
            return None
        return read_part(path, schema, columns)

    def rows(self, folder: Path, schema: pa.Schema, columns: list[str]) -> dict[str, list[Mapping[str, Any]]]:
        """The rows of each part by its name."""
        tables = ((path.stem, self.read(path, schema, columns)) for path in list_parts(folder))
        return {name: table.to_pylist() for name, table in tables if table is not None}


def _table_faults(run: Run, catalog: pa.Table, tables: _Tables) -> Iterator[str]:
    plan = run.plan
    if planned_fingerprint(plan, catalog) != plan.fingerprint:
        yield "run.json and catalog.parquet do not belong together: another fingerprint"
    yield from catalog_faults(catalog)
    faces = tables.read(run.faces, RUN_FACES, KEY_COLUMNS)  # the checksums of the rest are read by `is_intact`
    if faces is None:
        return
    yield from photo_faults(submitted_photos(catalog), faces)
    yield from picture_faults(faces, Done(run.encodings / "faces").look())
    splits = tables.read(run.splits, SPLITS)
    if splits is None:
        return
    yield from split_faults(splits, catalog, faces)
    fits = tables.rows(run.fits, FITS, ["configuration", "repeat", "fold", "outcome"])
    scores = tables.rows(run.scores, SCORES, SCORE_COLUMNS)
    comparison = tables.read(run.comparison, COMPARISON)
    yield from score_faults(planned_trainings(run, splits), splits, fits, scores, complete=comparison is not None)
    if comparison is not None:
        yield from comparison_faults(comparison, plan.experiment.configurations)
        found = {name: tables.read(run.table(name), schema) for name, schema in COMPARISON_TABLES.items()}
        yield from finding_faults(comparison, {name: table for name, table in found.items() if table is not None})
        if found["suspects"] is not None:
            yield from suspect_faults(found["suspects"], catalog)


def _parts(run: Run) -> Iterator[_Part]:
    mine, engine = run.plan.fingerprint, run.plan.engine_fingerprint
    embeddings = dict.fromkeys((run.embeddings(name) for name in onnx_encoders(run)), EMBEDDINGS)
    single = {run.catalog: CATALOG, run.faces: RUN_FACES, **embeddings, **_derived(run)}
    for path, schema in single.items():
        if path.exists():
            yield _Part(path, schema, RUN, mine)
    folders: Sequence[tuple[Path, pa.Schema, str, str]] = (
        (run.failures, FACES, RUN, mine),
        (run.scores, SCORES, RUN, mine),
        (run.fits, FITS, RUN, mine),
        *((folder, schema, ENGINE, engine) for folder, schema in encoding_folders(run.encodings)),
    )
    for folder, schema, key, fingerprint in folders:
        for path in list_parts(folder):
            yield _Part(path, schema, key, fingerprint)


def _derived(run: Run) -> dict[Path, pa.Schema]:
    """The tables that splitting and comparing write."""
    return {run.table(name): schema for name, schema in {**SPLIT_TABLES, **COMPARISON_TABLES}.items()}


def _part_fault(part: _Part) -> str:
    """What is wrong with a part; empty where it is intact."""
    shown = "/".join((part.path.parent.parent.name, part.path.parent.name, part.path.name))
    try:
        if not is_intact(part.path, part.schema):
            return f"{shown} is damaged or of another version; `lineup resume` sets it aside and makes it again"
        found = read_metadata(part.path).get(part.key, "nothing")
    except FileNotFoundError:  # compacted by another run since it was listed
        return ""
    return "" if found == part.fingerprint else f"{shown} belongs to {found}, not to {part.fingerprint}"


def _unfinished(run: Run) -> Iterator[str]:
    if run.compares and (run.report / "index.html").exists():
        missing = ", ".join(path.name for path in (run.faces, *_derived(run)) if not path.exists())
        if missing:
            yield f"there is a report, but no {missing}; go on with: lineup resume {run.run_id}"
        return
    if run.finished:
        return
    yield from worker_faults(run.store)
    why = f": {run.stopped}" if run.stopped else " (cancelled)" if run.cancelled else ""
    yield f"not finished{why}; go on with: lineup resume {run.run_id}"
    try:
        check_resumable(run)
    except RunStuck as error:
        yield f"cannot be resumed here: {error}"


def _leftovers(run: Run) -> Iterator[str]:
    for folder in (run.folder, run.encodings):
        for path in sorted(folder.rglob(".*")):
            if path.name.endswith((TEMPORARY, BUILDING)) and is_abandoned(path):
                yield f"{path.relative_to(folder.parent)} was left by a writer that died"


def _model_faults(run: Run) -> Iterator[str]:
    for file in sorted(run.model.glob(f"*/{MODEL}")):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))["fingerprint"]
        except (OSError, ValueError, KeyError, TypeError):
            yield f"the model {file.parent.name} cannot be read; delete its folder, and it is made again"
            continue
        if found != run.plan.fingerprint:
            yield f"the model {file.parent.name} belongs to {found!r:.40}, not to {run.plan.fingerprint}"


def _encoder_faults(run: Run) -> Iterator[str]:
    if run.plan.kind != ENCODER_RUN or not run.finished:
        return
    try:
        told, found = encoder_of(run), encoder_digest(run.encoder)
    except (StoreError, OSError) as error:
        yield f"the encoder cannot be read: {error}"
        return
    if (told.get("digest"), told.get("settings")) != (found, asdict(settings_of(run))):
        yield f"{run.encoder.name}/{ENCODER_REPORT} describes another encoder; delete {run.encoder}, then resume"
