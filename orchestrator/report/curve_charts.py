"""Geometry of the curves in a square of 0 to 100; the template draws them as SVG."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from orchestrator.report.terminal import number, percent

MOST_POINTS = 200
"""More points than this on one line cannot be seen."""


@dataclass(frozen=True)
class Line:
    """A curve: its name, `points` for an SVG polyline in a 0-100 square, its last value, and which of two styles."""

    name: str
    points: str
    last: str
    style: int = 0


@dataclass(frozen=True)
class Panel:
    """The learning curves of one configuration that share an axis from `bottom` to `top`.

    Attributes:
        legend: (style of the lines, what they are and where they end).
    """

    title: str
    bottom: str
    top: str
    epochs: int
    lines: tuple[Line, ...]
    legend: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Dot:
    """A round mark of `size` screen pixels."""

    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Square:
    """A drawing of one configuration: its lines, its marks, perhaps the diagonal, and the caption below it."""

    title: str
    note: str
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...] = ()
    diagonal: bool = False


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


def reliability_curves(table: pa.Table, errors: dict[str, float | None]) -> list[Square]:
    """Accuracy over confidence, a mark a bin, as large as its share of the faces asks.

    Args:
        table: `storage.finding_schemas.RELIABILITY`.
        errors: calibration error by configuration, in the order to be drawn.
    """
    squares = []
    for name, rows in _by_configuration(table, errors):
        faces = sum(row["faces"] for row in rows)
        marks = [
            Dot(100 * row["confidence"], 100 - 100 * row["accuracy"], 4 + 10 * math.sqrt(row["faces"] / faces))
            for row in rows
        ]
        line = Line("accuracy", " ".join(f"{mark.x:.2f},{mark.y:.2f}" for mark in marks), "")
        squares.append(Square(name, f"calibration error {percent(errors[name])}", (line,), tuple(marks), diagonal=True))
    return squares


def open_set_curves(table: pa.Table, order: list[str]) -> list[Square]:
    """Known faces rightly named (OSCR) and known faces rejected (DET) over the logarithm of the false-alarm rate.

    Args:
        table: `storage.finding_schemas.OPEN_SET_CURVE`.
        order: configurations in the order to be drawn.
    """
    squares = []
    for name, rows in _by_configuration(table, dict.fromkeys(order)):
        shown = _thinned(sorted(rows, key=lambda row: row["far"]))
        first = math.log10(shown[0]["far"])
        across = [100 * (1 - math.log10(row["far"]) / first) if first else 100.0 for row in shown]
        lines = tuple(
            Line(
                word,
                " ".join(f"{x:.2f},{100 - 100 * row[key]:.2f}" for x, row in zip(across, shown, strict=True)),
                percent(shown[0][key]),
                style,
            )
            for style, (word, key) in enumerate((("rightly named", "dir"), ("rejected", "miss")))
        )
        squares.append(Square(name, f"at a false-alarm rate of {percent(shown[0]['far'])}", lines))
    return squares


def _by_configuration(table: pa.Table, order: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in order}
    for row in table.to_pylist():
        if row["configuration"] in rows:
            rows[row["configuration"]].append(row)
    return [(name, found) for name, found in rows.items() if found]


def _thinned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most about `MOST_POINTS` rows, evenly spaced on a logarithmic axis, both ends kept."""
    if len(rows) <= MOST_POINTS:
        return rows
    places = {round(len(rows) ** (i / (MOST_POINTS - 1))) - 1 for i in range(MOST_POINTS)}
    return [rows[place] for place in sorted(places)]


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
        lines.append(Line(name, points, number(curve[-1]), int(_is_held_out(name))))
    return Panel(title, number(bottom), number(top), epochs, tuple(lines), _legend(curves))


def _is_held_out(name: str) -> bool:
    """Keras's prefix for validation faces; the names of an ensemble's curves begin with the member's number."""
    return "val_" in name


def _legend(curves: dict[str, list[float]]) -> tuple[tuple[int, str], ...]:
    """One entry for training faces, one for validation faces, however many networks there are."""
    entries = []
    for style, whose in enumerate(("training faces", "faces held out of training")):
        ends = [curve[-1] for name, curve in curves.items() if _is_held_out(name) == bool(style)]
        if ends:
            several = f" of {len(ends)} networks" if len(ends) > 1 else ""
            span = number(min(ends)) if len(ends) == 1 else f"{number(min(ends))} to {number(max(ends))}"
            entries.append((style, f"{whose}{several}: {span} at the end"))
    return tuple(entries)


def _history(text: str) -> dict[str, list[float]]:
    """The finite curves of a history; empty where there is none."""
    curves: dict[str, Any] = json.loads(text) if text else {}
    finite = {
        name: [float(value) for value in values if value is not None and math.isfinite(value)]
        for name, values in curves.items()
    }
    return {name: values for name, values in finite.items() if values}
