"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from workers.compare.paired import Pair


@dataclass(frozen=True)
class ReportMaterial:
    """The tables of a run (storage/schemas.py) and the facts about it. Every text in them may be hostile."""

    name: str
    run_id: str
    experiment: Mapping[str, Any]  # as in experiment.toml; JSON-like values
    fingerprint: str
    wall_seconds: float
    versions: Mapping[str, str]
    catalog: pa.Table
    faces: pa.Table
    splits: pa.Table
    scores: pa.Table
    fits: pa.Table
    comparison: pa.Table
    pairs: tuple[Pair, ...] = ()
    findings: Mapping[str, Any] = field(default_factory=dict)  # `orchestrator.dataset.splits.Splits.findings`
