"""Geometry of the charts, in per cent of the drawing's width and height; the template draws them as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass

from orchestrator.report.terminal import Row, number, percent
from orchestrator.report.words import scored


@dataclass(frozen=True)
class Bar:
    """A bar with a whisker; every length in per cent of the chart's width."""

    name: str
    start: float
    length: float
    low: float | None
    high: float | None
    text: str


def accuracy_bars(rows: list[Row]) -> list[Bar]:
    """Test accuracy from 0 to 100 %, with its 95 % interval where there is one."""
    return [
        Bar(
            name=row["configuration"],
            start=0.0,
            length=100 * row["accuracy"],
            low=None if row["accuracy_low"] is None else 100 * max(0.0, row["accuracy_low"]),
            high=None if row["accuracy_high"] is None else 100 * min(1.0, row["accuracy_high"]),
            text=percent(row["accuracy"]),
        )
        for row in scored(rows)
    ]


def latency_bars(rows: list[Row]) -> list[Bar]:
    """Milliseconds a face from p50 to p95 on a logarithmic axis from the fastest to the slowest."""
    timed = [row for row in scored(rows) if row["latency_p50_ms"] and row["latency_p95_ms"]]
    if not timed:
        return []
    ends = [math.log10(row[key]) for row in timed for key in ("latency_p50_ms", "latency_p95_ms")]
    first, span = min(ends) - 0.1, max(max(ends) - min(ends) + 0.2, 0.5)
    bars = []
    for row in sorted(timed, key=lambda row: (row["latency_p50_ms"], row["configuration"])):
        low = 100 * (math.log10(row["latency_p50_ms"]) - first) / span
        high = 100 * (math.log10(row["latency_p95_ms"]) - first) / span
        text = f"{number(row['latency_p50_ms'])} to {number(row['latency_p95_ms'])} ms"
        bars.append(Bar(row["configuration"], low, max(high - low, 0.8), None, None, text))
    return bars
