"""Format the result on a folder: all pairs, and 1:N identification."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orchestrator.text import aligned_columns, counted
from orchestrator.verification.draw_curves import sampled
from orchestrator.verification.format_verdict import (
    counts_words,
    engine_words,
    estimate_cells,
    roc_as_json,
    tar_as_json,
    tar_rows,
)
from orchestrator.verification.judge_folder import FolderVerified
from workers.compare.identification_1n import DirAtFar, Identification
from workers.learning.configurations import RUN_ENCODER


def folder_lines(found: FolderVerified) -> list[str]:
    """The result, then everything that decides it."""
    pairs = found.pairs
    lines = [
        f"All pairs of {pairs.photos} photos of {pairs.people} people: {pairs.genuine} of one person, "
        f"{pairs.impostors} of two",
        *aligned_columns(
            [
                ("", "value", "95 % from to", "distance below", "impostor pairs accepted"),
                *tar_rows(pairs.tar_at_far),
                ("EER", *estimate_cells(pairs.equal_error_rate), "", ""),
            ]
        ),
    ]
    if found.identification is None:
        lines.append(f"1:N identification is not asked: {found.not_identified}")
    else:
        lines += _identified(found.identification, found.seed)
    lines += [
        f"ROC area   {pairs.roc.area:.5f}",
        f"photos     {sum(found.photos.values())}{counts_words(found.photos)}",
        f"engine     {engine_words(found.settings, found.encoder)}",
        "95 %       intervals treat people as the unit, not pairs or photos",
    ]
    return lines


def _identified(found: Identification, seed: int) -> list[str]:
    each = counted(found.gallery_photos, "photo")
    head = (
        f"1:N identification, mean of {found.trials} draws (seed {seed}): {each} each of {found.gallery_people} people "
        f"enrolled; searched with at least {found.known_probes} other photos of them and {found.unknown_probes} photos "
        "of people not enrolled"
    )
    rows = [(f"DIR at FAR {point.far:g}", point) for point in found.dir_at_far]
    lines = aligned_columns(
        [
            ("", "value", "95 % from to", "distance below", "± over draws"),
            *(_row(name, point) for name, point in [("rank-1", found.rank_1), *rows]),
        ]
    )
    return [head, *lines]


def _row(name: str, point: DirAtFar) -> tuple[str, ...]:
    limit = "" if point.threshold is None else f"{point.threshold:.4f}"
    return (name, *estimate_cells(point.dir), limit, f"{point.deviation:.2%}")


def folder_as_json(found: FolderVerified) -> dict[str, Any]:
    """Everything, as `--json` prints it; the ROC curve at some hundred points."""
    pairs = found.pairs
    return {
        "run_id": found.run_id,
        "pairs": {
            "photos": pairs.photos,
            "people": pairs.people,
            "genuine": pairs.genuine,
            "impostors": pairs.impostors,
            "tar_at_far": tar_as_json(pairs.tar_at_far),
            "equal_error_rate": asdict(pairs.equal_error_rate),
            "roc_area": pairs.roc.area,
            "roc": roc_as_json(sampled(pairs.roc)),
        },
        "identification": _identification_as_json(found.identification),
        "not_identified": found.not_identified,
        "seed": found.seed,
        "photos": dict(found.photos),
        "engine": asdict(found.settings),
        "encoder": found.encoder or RUN_ENCODER,
    }


def _identification_as_json(found: Identification | None) -> dict[str, Any] | None:
    if found is None:
        return None
    curve = [{"far": far, "dir": rate} for far, rate in found.curve]
    return {**asdict(found), "curve": curve}
