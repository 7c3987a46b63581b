"""The operating curve of each configuration: what every threshold would have given, and the one that was chosen.

Geometry in a square of 0 to 100, from the stored scores; the template draws it as SVG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.report.curve_charts import MOST_POINTS, Dot, Line, Square
from orchestrator.report.terminal import percent
from workers.compare.answers import outcomes_of

DOT_PIXELS = 11

Floats = npt.NDArray[np.float64]


def operating_curves(scores: pa.Table, points: Mapping[str, Mapping[str, Any]], order: Sequence[str]) -> list[Square]:
    """Known faces let in and rightly named over strangers' faces let in, by falling threshold.

    Args:
        scores: SCORES of the run.
        points: rows of `storage.finding_schemas.OPERATING_POINTS` by configuration.
        order: configurations in the order to be drawn; one without a point is left out.
    """
    squares = []
    names = pc.cast(scores["configuration"], pa.string())
    for name in order:
        point = points.get(name)
        if point is None or point["known_named"] is None or point["strangers_in"] is None:
            continue
        across, upwards = _curve(scores.filter(pc.equal(names, name)))
        if not len(across):
            continue
        line = Line(
            "", " ".join(f"{100 * x:.2f},{100 - 100 * y:.2f}" for x, y in zip(across, upwards, strict=True)), ""
        )
        chosen = Dot(100 * point["strangers_in"], 100 - 100 * point["known_named"], DOT_PIXELS)
        note = f"chosen: {percent(point['known_named'])} named, {percent(point['strangers_in'])} of strangers let in"
        squares.append(Square(name, note, (line,), (chosen,)))
    return squares


def _curve(scores: pa.Table) -> tuple[Floats, Floats]:
    """Shares of strangers' faces and of known, rightly named faces at or above each of at most MOST_POINTS scores."""
    test, unknown = outcomes_of(scores, "test"), outcomes_of(scores, "unknown")
    named = np.sort(test.known_score[test.guess == test.truth])
    strangers = np.sort(np.concatenate([test.stranger_score[~np.isnan(test.stranger_score)], unknown.known_score]))
    if not len(test.faces) or not len(strangers):
        return np.empty(0), np.empty(0)
    thresholds = np.unique(np.concatenate([named, strangers]))[::-1]
    if len(thresholds) > MOST_POINTS:
        thresholds = thresholds[np.linspace(0, len(thresholds) - 1, MOST_POINTS).round().astype(int)]
    across = 1 - np.searchsorted(strangers, thresholds) / len(strangers)
    upwards = (len(named) - np.searchsorted(named, thresholds)) / len(test.faces)
    return np.concatenate([[0.0], across]), np.concatenate([[0.0], upwards])
