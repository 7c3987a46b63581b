"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Pair:
    """One configuration against another on the same test faces; accuracies as fractions."""

    first: str
    second: str
    difference: float  # accuracy of the first minus that of the second
    low: float  # 95 %
    high: float
    p_value: float


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
