"""The curves of a verification: their corners as numbers, and a picture."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence

import numpy as np

from workers.compare.pair_protocol import RocCurve
from workers.faces.models.quiet_libraries import quiet_libraries


def corners(curve: RocCurve) -> list[tuple[float, float, float]]:
    """(threshold, FAR, TAR) where the curve turns, and its two ends."""
    points = list(zip(curve.thresholds.tolist(), curve.far.tolist(), curve.tar.tolist(), strict=True))
    inner = zip(points, points[1:], points[2:], strict=False)
    turns = [here for before, here, after in inner if not (_level(before, here, after) or _steep(before, here, after))]
    return [points[0], *turns, points[-1]]


def sampled(curve: RocCurve, most: int = 200) -> RocCurve:
    """The curve at its two ends and at most so many points between, evenly by the logarithm of the FAR."""
    seen = curve.far[curve.far > 0]
    asked = np.geomspace(seen[0], 1.0, most)
    places = np.unique([0, *(np.searchsorted(curve.far, asked * (1 + 1e-12), side="right") - 1), len(curve.far) - 1])
    return RocCurve(curve.thresholds[places], curve.far[places], curve.tar[places])


def curves_picture(curve: RocCurve, named: Sequence[tuple[float, float]], kind: str) -> bytes:
    """The ROC curve, and beside it DIR at FAR where there is one, as "svg", "png" or "pdf".

    The rates of false acceptance and false alarm are on a logarithmic scale, since that is where encoders differ.

    Args:
        named: (FAR, DIR) of 1:N identification, by growing FAR; may be empty.
    """
    quiet_libraries()
    with contextlib.chdir(os.sep):  # matplotlib obeys a matplotlibrc in the current folder, here one of photos
        from matplotlib.figure import Figure

    figure = Figure(figsize=(10 if named else 5, 4), layout="constrained")
    axes = figure.subplots(1, 2 if named else 1, squeeze=False)[0]
    points = [(far, tar) for _, far, tar in corners(sampled(curve)) if far > 0]
    axes[0].step(*zip(*points, strict=True), where="post")
    axes[0].set(xlabel="false acceptance rate", ylabel="true acceptance rate", title="ROC, pairs")
    if named:
        axes[1].step(*zip(*named, strict=True), where="post")
        axes[1].set(
            xlabel="false-alarm rate", ylabel="detection-and-identification rate", title="DIR, 1:N", ylim=(0, 1.02)
        )
    for each in axes:
        each.set_xscale("log")
        each.grid(alpha=0.3)
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return picture.getvalue()


def _level(*points: tuple[float, float, float]) -> bool:
    return len({tar for _, _, tar in points}) == 1


def _steep(*points: tuple[float, float, float]) -> bool:
    return len({far for _, far, _ in points}) == 1
