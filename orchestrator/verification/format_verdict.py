"""Format the result of a verification: lines for a terminal, plain values for JSON, a picture of the ROC curve."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from orchestrator.verification.judge_pairs import Verified
from storage.engine_settings import EngineSettings
from workers.compare.pair_protocol import RocCurve


def verified_lines(found: Verified) -> list[str]:
    """The result, then everything that decides it."""
    result = found.verification
    lines = [
        f"accuracy   {result.accuracy:.2%} ± {result.standard_error:.2%} (± standard error of {found.folds} folds)",
        f"threshold  {np.mean(result.thresholds):.4f} (mean; {min(result.thresholds):.4f} to "
        f"{max(result.thresholds):.4f}); each fold is tested with the best of the others",
        f"EER        {result.equal_error_rate:.2%}",
        *(f"TAR        {tar:.2%} at FAR {far:g}" for far, tar in result.tar_at_far),
        f"ROC area   {result.roc.area:.5f}",
        f"pairs      {result.pairs} judged, {result.skipped} skipped{_counts(found.skipped)}",
    ]
    if result.skipped:
        lines.append(f"           {result.accuracy_with_skipped:.2%} accuracy with skipped pairs counted as wrong")
    lines.append(f"photos     {sum(found.photos.values())}{_counts(found.photos)}")
    lines.append(f"engine     {engine_words(found.settings)}")
    return lines


def engine_words(settings: EngineSettings) -> str:
    """Detector, alignment, encoder, mirror and jitter, on one line."""
    return (
        f"detector {settings.detector} (box: {settings.refine}; face: {settings.policy}), aligned on "
        f"{settings.landmarks} landmarks, dlib's ResNet in {settings.encoder}, "
        f"mirror {'on' if settings.mirror else 'off'}, jitter {settings.jitter or 'off'}"
    )


def verified_as_json(found: Verified) -> dict[str, Any]:
    """Everything, as `--json` prints it; the curve without the points that lie on a straight line."""
    result = found.verification
    return {
        "run_id": found.run_id,
        "accuracy": result.accuracy,
        "standard_error": result.standard_error,
        "accuracy_with_skipped": result.accuracy_with_skipped,
        "fold_accuracies": list(result.fold_accuracies),
        "thresholds": list(result.thresholds),
        "equal_error_rate": result.equal_error_rate,
        "tar_at_far": [{"far": far, "tar": tar} for far, tar in result.tar_at_far],
        "roc_area": result.roc.area,
        "roc": [
            {"threshold": threshold if math.isfinite(threshold) else None, "far": far, "tar": tar}
            for threshold, far, tar in corners(result.roc)
        ],
        "pairs": found.pairs,
        "judged": result.pairs,
        "skipped": dict(found.skipped),
        "photos": dict(found.photos),
        "engine": asdict(found.settings),
    }


def corners(curve: RocCurve) -> list[tuple[float, float, float]]:
    """(threshold, FAR, TAR) where the curve turns, and its two ends."""
    points = list(zip(curve.thresholds.tolist(), curve.far.tolist(), curve.tar.tolist(), strict=True))
    inner = zip(points, points[1:], points[2:], strict=False)
    turns = [here for before, here, after in inner if not (_level(before, here, after) or _steep(before, here, after))]
    return [points[0], *turns, points[-1]]


def roc_picture(curve: RocCurve, kind: str) -> bytes:
    """The curve as "svg", "png" or "pdf"; FAR on a logarithmic scale, since that is where encoders differ."""
    from matplotlib.figure import Figure

    seen = curve.far > 0
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.step(curve.far[seen], curve.tar[seen], where="post")
    axes.set(xscale="log", xlabel="false acceptance rate", ylabel="true acceptance rate", title="ROC")
    axes.grid(alpha=0.3)
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, metadata={"Date": None} if kind == "svg" else None)
    return picture.getvalue()


def _level(*points: tuple[float, float, float]) -> bool:
    return len({tar for _, _, tar in points}) == 1


def _steep(*points: tuple[float, float, float]) -> bool:
    return len({far for _, far, _ in points}) == 1


def _counts(counts: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{count} {word}' for word, count in counts.items())})" if counts else ""
