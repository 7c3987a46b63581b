"""Format the model and its answers for photos: a table and a summary for the terminal, plain values for JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.inference.photos import NamedFace, PhotoAnswer
from orchestrator.report.recommended import count
from orchestrator.report.terminal import percent
from orchestrator.text import counted, printable
from workers.compare.operating_points import OperatingPoint
from workers.learning.configurations import UNKNOWN
from workers.recognition.recogniser import Named, Recogniser

PHOTO_COLUMNS = ("photo", "box", "name", "likeness", "ms")
BOX_WIDTH, LIKENESS_WIDTH = len("1234,1234 1234,1234"), len("99 %, needs 99 %")
"""Of columns whose cells are not known before the first line is printed."""


MUCH = 0.25
"""A person of whom a larger share is turned away is mentioned."""


class PhotoTable:
    """The table of photos, line by line: a line a face, and a line for a photo without faces.

    Args:
        paths: all photos that will come.
        people: whom the model knows.
        needed: the likeness from which a face is known, 0 to 100 %; None where every face gets a name.
    """

    def __init__(self, paths: Sequence[Path], people: Sequence[str], needed: float | None) -> None:
        self._needed = needed
        names = [printable(name) for name in people]
        longest = max(map(len, names), default=0) + (0 if needed is None else len(f"{UNKNOWN}, most like "))
        path = max((len(printable(str(path))) for path in paths), default=0)
        self._widths = (max(path, len(PHOTO_COLUMNS[0])), BOX_WIDTH, longest, LIKENESS_WIDTH, 0)

    @property
    def head(self) -> str:
        """The line of the columns' names."""
        return self._line(PHOTO_COLUMNS)

    def lines(self, answer: PhotoAnswer) -> list[str]:
        """The lines of one photo; control characters are escaped."""
        path = printable(str(answer.path))
        if not answer.faces:
            return [self._line((path, "–", f"{answer.outcome}: {printable(answer.reason)}", "–", "–"))]
        return [self._line((path, *_face_cells(face, self._needed))) for face in answer.faces]

    def _line(self, cells: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, self._widths, strict=True)).rstrip()


def model_lines(recogniser: Recogniser) -> list[str]:
    """The model, what it does at its threshold, and what chose the threshold."""
    model, needed = recogniser.model, recogniser.needed_likeness
    fitted = f"{model.configuration.name}, fitted on {recogniser.faces} faces of {len(model.labels)} people."
    limit = (
        "Every face gets a name"
        if needed is None
        else f"A face is known from a likeness of {needed:.{_digits(needed)}f} % on"
    )
    return [fitted, *_operating_lines(recogniser.operating), f"{limit}; threshold {recogniser.threshold.rule}."]


def _operating_lines(point: OperatingPoint | None) -> list[str]:
    """What held-out faces say of the model at its threshold, and a warning where it turns away its own people."""
    if point is None or point.known_named is None or point.turned_away is None:
        return ["How many known faces it turns away at this threshold is not known: no run measured it."]
    named = _share(point.known_named, point.known_faces, point.known_low, point.known_high)
    away = _share(point.turned_away, point.known_faces, point.turned_away_low, point.turned_away_high)
    line = f"Of known people's held-out faces it names {named} rightly and turns away {away}"
    if point.strangers_in is not None:
        line += "; of strangers' faces it lets in " + _share(
            point.strangers_in, point.stranger_faces, point.strangers_low, point.strangers_high
        )
    lines = [f"{line}."]
    if point.turns_away_its_own:
        lines.append("Warning: it turns away too many of its own people. Choose another configuration with -c.")
    if point.worst_turned_away > MUCH * point.worst_faces:
        worst = f"{count(point.worst_turned_away)} of {counted(point.worst_faces, 'face')}"
        lines.append(f"It turns away {printable(point.worst_person)} most: {worst}.")
    return lines


def _share(rate: float, faces: int, low: float | None, high: float | None) -> str:
    """For example: 5 of 202 (2.5 %, 95 % interval 0.3 % to 8.8 %); a mean over repeats keeps one decimal."""
    interval = f", 95 % interval {percent(low)} to {percent(high)}" if low is not None and high is not None else ""
    return f"{count(rate * faces)} of {faces} ({percent(rate)}{interval})"


def model_as_json(recogniser: Recogniser, run_id: str, encode_run: str = "") -> str:
    """The first line of `--json` for photos: the model that names the faces.

    Args:
        encode_run: the run that encodes the photos, if there is one.
    """
    encoded = {"encode_run": encode_run} if encode_run else {}
    return json.dumps({"model": {"run": run_id, **model_facts(recogniser)}, **encoded})


def photo_as_json(answer: PhotoAnswer) -> str:
    """A further line: the answer for one photo."""
    return json.dumps(
        {
            "path": str(answer.path),
            "outcome": answer.outcome,
            "reason": answer.reason,
            "seconds": answer.seconds,
            "stored": answer.stored,
            "copy": str(answer.copy) if answer.copy else None,
            "faces": [face_as_json(face) for face in answer.faces],
        }
    )


def _face_cells(face: NamedFace, needed: float | None) -> tuple[str, ...]:
    left, top, right, bottom = face.box
    named = face.named
    name, likeness = name_cells(named.name, named.nearest, named.likeness, needed)
    return f"{left},{top} {right},{bottom}", name, likeness, f"{named.milliseconds:.3f}"


def name_cells(name: str, nearest: str, likeness: float, needed: float | None) -> tuple[str, str]:
    """The name and the likeness; where unknown, also whom it is most like, and what it would need."""
    if name != UNKNOWN or needed is None:
        return printable(name), f"{likeness:.0f} %"
    digits = 2 if round(likeness) == round(needed) else _digits(needed)  # 46.8 does not reach 47.2
    return (
        f"{UNKNOWN}, most like {printable(nearest)}",
        f"{likeness:.{digits}f} %, needs {needed:.{digits}f} %",
    )


def _digits(needed: float) -> int:
    """Decimals of a needed likeness: 99.99 % is not 100 %, which no face reaches."""
    return 2 if needed > 99 else 0


def face_as_json(face: NamedFace) -> dict[str, Any]:
    """A face's box and answer as plain values."""
    return {"box": list(face.box), **named_as_json(face.named)}


def named_as_json(named: Named) -> dict[str, Any]:
    """An answer as plain values."""
    return {
        "name": named.name,
        "nearest": named.nearest,
        "likeness": named.likeness,
        "distance": named.distance,
        "probability_if_known": named.probability,
        "milliseconds": named.milliseconds,
    }


def model_facts(recogniser: Recogniser) -> dict[str, Any]:
    """The model, its threshold and what it was fitted on as plain values."""
    limit = recogniser.threshold.value
    return {
        "configuration": recogniser.model.configuration.name,
        "people": list(recogniser.model.labels),
        "threshold_likeness": recogniser.needed_likeness,
        "threshold_distance": -limit if limit is not None and math.isfinite(limit) else None,
        "threshold_rule": recogniser.threshold.rule,
        "operating_point": asdict(recogniser.operating) if recogniser.operating else None,
        "engine_fingerprint": recogniser.engine_fingerprint,
        "run_fingerprint": recogniser.fingerprint,
        "fitted_on_faces": recogniser.faces,
    }
