"""The stored figures beside the comparison's rows, by configuration: open set, repeats, and what choosing is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from orchestrator.report.terminal import Row
from workers.compare.selection import Selection


@dataclass(frozen=True)
class Evidence:
    """By configuration, the best first.

    Attributes:
        open_set: rows of `storage.finding_schemas.OPEN_SET`; empty in a closed run.
        spread: standard deviation of the accuracy over repeats; empty where there is one.
        choice: what choosing the best is worth; None where there is nothing to choose.
    """

    open_set: Mapping[str, Row] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    choice: Selection | None = None


def evidence_of(findings: Mapping[str, pa.Table], order: list[str]) -> Evidence:
    """Sort the tables `open_set` and `selection` by configuration.

    Args:
        findings: tables of `storage.finding_schemas` by name.
        order: configurations, the best first; what is not among them is left out.
    """
    open_set = {row["configuration"]: row for row in findings["open_set"].to_pylist()}
    selection = {row["configuration"]: row for row in findings["selection"].to_pylist()}
    spread = {name: row["repeat_deviation"] for name, row in selection.items()}
    return Evidence(
        open_set={name: open_set[name] for name in order if name in open_set},
        spread={name: spread[name] for name in order if spread.get(name) is not None},
        choice=_choice({name: selection[name] for name in order if name in selection}),
    )


def _choice(rows: Mapping[str, Row]) -> Selection | None:
    first = next(iter(rows.values()), None)
    if first is None or first["chosen_accuracy"] is None:
        return None
    wins = {name: row["wins"] for name, row in rows.items()}
    return Selection(first["chosen_accuracy"], first["chosen_low"], first["chosen_high"], wins)
