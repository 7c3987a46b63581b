"""Geometry of the charts, in per cent of the drawing's width and height; the template draws them as SVG."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from orchestrator.report.terminal import number, percent
from orchestrator.report.words import Row, scored


@dataclass(frozen=True)
class Bar:
    """A bar with a whisker; every length in per cent of the chart's width."""

    name: str
    start: float
    length: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Line:
    """A learning curve: its name, `points` for an SVG polyline in a 0-100 square, and its last value."""

    name: str
    points: str
    last: str


@dataclass(frozen=True)
class Panel:
    """The learning curves of one configuration that share an axis from `bottom` to `top`."""

    title: str
    bottom: str
    top: str
    epochs: int
    lines: tuple[Line, ...]


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


def learning_curves(fits: pa.Table) -> list[Panel]:
    """Panels of the first split's learning curves: losses together, accuracies together."""
    rows = fits.select(["configuration", "repeat", "fold", "history"]).to_pylist()
    panels, seen = [], set()
    for row in sorted(rows, key=lambda row: (row["configuration"], row["repeat"], row["fold"])):
        history = _history(row["history"])
        if not history or row["configuration"] in seen:
            continue
        seen.add(row["configuration"])
        for kind in ("loss", "accuracy"):
            chosen = {name: values for name, values in history.items() if name.endswith(kind)}
            if chosen:
                panels.append(_panel(f"{row['configuration']}: {kind}", chosen))
    return panels


def _panel(title: str, curves: dict[str, list[float]]) -> Panel:
    values = [value for curve in curves.values() for value in curve]
    bottom, top = min(0.0, *values), max(values)
    span = (top - bottom) or 1.0
    epochs = max(len(curve) for curve in curves.values())
    lines = []
    for name, curve in sorted(curves.items()):
        points = " ".join(
            f"{100 * place / max(epochs - 1, 1):.2f},{100 - 100 * (value - bottom) / span:.2f}"
            for place, value in enumerate(curve)
        )
        lines.append(Line(name, points, number(curve[-1])))
    return Panel(title, number(bottom), number(top), epochs, tuple(lines))


def _history(text: str) -> dict[str, list[float]]:
    """The finite curves of a history; empty where there is none."""
    curves: dict[str, Any] = json.loads(text) if text else {}
    finite = {
        name: [float(value) for value in values if value is not None and math.isfinite(value)]
        for name, values in curves.items()
    }
    return {name: values for name, values in finite.items() if values}
