"""What a report is made of: the tables of a finished run and the facts about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from storage.face_pictures import PictureSource
from storage.finding_schemas import COMPARISON_TABLES, SPLIT_TABLES
from workers.compare.paired import Pair


def no_findings() -> dict[str, pa.Table]:
    """The tables of SPLIT_TABLES and COMPARISON_TABLES by name, without a row."""
    return {name: schema.empty_table() for name, schema in {**SPLIT_TABLES, **COMPARISON_TABLES}.items()}


@dataclass(frozen=True)
class ReportMaterial:
    """The tables are those of storage/schemas.py. Every text in them may be hostile."""

    name: str
    run_id: str
    experiment: Mapping[str, Any]  # as in experiment.toml; JSON-like values
    fingerprint: str
    wall_seconds: float
    versions: Mapping[str, str]
    catalog: pa.Table
    faces: pa.Table  # without landmarks; the pictures are apart
    pictures: PictureSource
    splits: pa.Table
    scores: pa.Table
    fits: pa.Table
    comparison: pa.Table
    pairs: tuple[Pair, ...] = ()
    findings: Mapping[str, pa.Table] = field(default_factory=no_findings)  # storage/finding_schemas.py, by name
    dataset: str = ""  # the folder, as the run's plan names it
    labels: str = ""  # the labels file, or empty
    created: str = ""  # when it was planned: UTC, ISO 8601
    map_encoder: str = ""  # the recommended configuration's, by name; empty for the face engine's own
    map_faces: pa.Table | None = None  # the usable rows of `faces` with that encoder's embeddings; None for its own
    mixed_environments: str = ""  # a sentence where versions or processors differ; empty where they do not
    near_grouped: bool = False  # whether near-duplicates share a group of the splits
