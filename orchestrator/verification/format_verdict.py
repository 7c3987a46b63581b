"""Format the result of a verification: lines for a terminal, and plain values for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from orchestrator.text import aligned_columns
from orchestrator.verification.draw_curves import corners
from orchestrator.verification.judge_pairs import Verified
from storage.engine_settings import EngineSettings
from workers.compare.all_pairs import TarAtFar
from workers.compare.dyadic_interval import Estimate
from workers.compare.pair_protocol import RocCurve
from workers.learning.configurations import RUN_ENCODER


def verified_lines(found: Verified) -> list[str]:
    """The result, then everything that decides it."""
    result, estimates = found.verification, found.estimates
    limit = f"{np.mean(result.thresholds):.4f} ({min(result.thresholds):.4f} to {max(result.thresholds):.4f})"
    lines = aligned_columns(
        [
            ("", "value", "95 % from to", "distance below", "impostor pairs accepted"),
            ("accuracy", *estimate_cells(estimates.accuracy), limit, ""),
            *tar_rows(estimates.tar_at_far),
            ("EER", *estimate_cells(estimates.equal_error_rate), "", ""),
        ]
    )
    lines += [
        f"accuracy   {result.accuracy:.2%} ± {result.standard_error:.2%} (± standard error of {found.folds} folds); "
        "each fold is tested with the threshold that is best on the others",
        f"folds      {found.folds_from}",
        f"ROC area   {result.roc.area:.5f}",
        f"pairs      {result.pairs} judged, {result.skipped} skipped{counts_words(found.skipped)}",
    ]
    if result.skipped:
        lines.append(f"           {result.accuracy_with_skipped:.2%} accuracy with skipped pairs counted as wrong")
    lines.append(f"photos     {sum(found.photos.values())}{counts_words(found.photos)}")
    lines.append(f"engine     {engine_words(found.settings, found.encoder)}")
    why = "" if found.unit == "people" else ", since the paths do not tell who the people are"
    lines.append(f"95 %       intervals treat {found.unit} as the unit, not pairs{why}")
    return lines


def tar_rows(points: Sequence[TarAtFar]) -> list[tuple[str, ...]]:
    """A row a false acceptance rate: name, value, interval, threshold, accepted impostor pairs."""
    return [
        (f"TAR at FAR {point.far:g}", *estimate_cells(point.tar), f"{point.threshold:.4f}", str(point.accepted))
        for point in points
    ]


def estimate_cells(found: Estimate) -> tuple[str, str]:
    """A rate and its interval, as `98.60%` and `96.1 to 99.7`."""
    return f"{found.value:.2%}", f"{100 * found.low:.1f} to {100 * found.high:.1f}"


def engine_words(settings: EngineSettings, encoder: str) -> str:
    """Detector, alignment, encoder, mirror and jitter, on one line."""
    network = encoder or f"dlib's ResNet in {settings.encoder}"
    return (
        f"detector {settings.detector} (box: {settings.refine}; face: {settings.policy}), aligned on "
        f"{settings.landmarks} landmarks, {network}, "
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
        "intervals": {
            "unit": found.unit,
            "accuracy": asdict(found.estimates.accuracy),
            "equal_error_rate": asdict(found.estimates.equal_error_rate),
        },
        "tar_at_far": tar_as_json(found.estimates.tar_at_far),
        "roc_area": result.roc.area,
        "roc": roc_as_json(result.roc),
        "folds": found.folds_from,
        "pairs": found.pairs,
        "judged": result.pairs,
        "skipped": dict(found.skipped),
        "photos": dict(found.photos),
        "engine": asdict(found.settings),
        "encoder": found.encoder or RUN_ENCODER,
    }


def tar_as_json(points: Sequence[TarAtFar]) -> list[dict[str, Any]]:
    """Each point with the interval beside its value."""
    return [
        {
            "far": point.far,
            "tar": point.tar.value,
            "low": point.tar.low,
            "high": point.tar.high,
            "threshold": point.threshold,
            "accepted": point.accepted,
        }
        for point in points
    ]


def roc_as_json(curve: RocCurve) -> list[dict[str, float | None]]:
    """The corners of the curve; the first threshold, which accepts nothing, is null where it is minus infinity."""
    return [
        {"threshold": threshold if math.isfinite(threshold) else None, "far": far, "tar": tar}
        for threshold, far, tar in corners(curve)
    ]


def counts_words(counts: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{count} {word}' for word, count in counts.items())})" if counts else ""
