"""Format the result on a folder: all pairs, and 1:N identification."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orchestrator.text import counted
from orchestrator.verification.draw_curves import sampled
from orchestrator.verification.format_verdict import (
    counts_words,
    engine_words,
    estimate_words,
    roc_as_json,
    tar_as_json,
    tar_lines,
)
from orchestrator.verification.judge_folder import FolderVerified
from workers.compare.identification_1n import DirAtFar, Identification


def folder_lines(found: FolderVerified) -> list[str]:
    """The result, then everything that decides it."""
    pairs = found.pairs
    lines = [
        f"All pairs of {pairs.photos} photos of {pairs.people} people: {pairs.genuine} of one person, "
        f"{pairs.impostors} of two",
        *tar_lines(pairs.tar_at_far),
        f"EER        {estimate_words(pairs.equal_error_rate)}",
        f"ROC area   {pairs.roc.area:.5f}",
    ]
    if found.identification is None:
        lines.append(f"1:N        not asked: {found.not_identified}")
    else:
        lines += _identified(found.identification, found.seed)
    lines.append(f"photos     {sum(found.photos.values())}{counts_words(found.photos)}")
    lines.append(f"engine     {engine_words(found.settings)}")
    lines.append("[95 %]     intervals treat people as the unit, not pairs or photos")
    return lines


def _identified(found: Identification, seed: int) -> list[str]:
    each = counted(found.gallery_photos, "photo")
    lines = [
        f"1:N, mean of {found.trials} draws (seed {seed}): {each} each of {found.gallery_people} people enrolled; "
        f"at least {found.known_probes} other photos of them, and {found.unknown_probes} of people not enrolled",
        f"rank-1     {_rate(found.rank_1)}",
    ]
    for point in found.dir_at_far:
        limit = "" if point.threshold is None else f"; distance below {point.threshold:.4f}"
        lines.append(f"DIR        {_rate(point)} at FAR {point.far:g}{limit}")
    if not found.dir_at_far:
        lines.append("DIR        too few photos of people not enrolled for a false-alarm rate of 10 %")
    return lines


def _rate(point: DirAtFar) -> str:
    return f"{estimate_words(point.dir)} (± {point.deviation:.2%} over draws)"


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
    }


def _identification_as_json(found: Identification | None) -> dict[str, Any] | None:
    if found is None:
        return None
    curve = [{"far": far, "dir": rate} for far, rate in found.curve]
    return {**asdict(found), "curve": curve}
