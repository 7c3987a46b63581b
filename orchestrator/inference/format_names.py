"""Format the answers of `photos` and `video`: a table and a summary for the terminal, plain values for JSON."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from orchestrator.inference.photos import NamedFace, PhotoAnswer
from orchestrator.inference.video import VideoAnswer
from orchestrator.report.recommended import count
from orchestrator.report.terminal import percent
from orchestrator.text import aligned_columns, counted, printable
from workers.compare.operating_points import OperatingPoint
from workers.learning.configurations import UNKNOWN
from workers.recognition.recogniser import Recogniser

PHOTO_COLUMNS = ("photo", "box", "name", "likeness", "ms")
VIDEO_COLUMNS = ("name", "frames", "first", "last", "likeness")

MUCH = 0.25
"""A person of whom a larger share is turned away is mentioned."""


def photo_lines(answers: Sequence[PhotoAnswer], needed: float | None) -> list[str]:
    """The table of photos: a line a face, and a line for a photo without faces; control characters are escaped.

    Args:
        needed: the likeness from which a face is known, 0 to 100 %; None where every face gets a name.
    """
    rows: list[tuple[str, ...]] = [PHOTO_COLUMNS]
    for answer in answers:
        path = printable(str(answer.path))
        if not answer.faces:
            rows.append((path, "–", f"{answer.outcome}: {printable(answer.reason)}", "–", "–"))
        rows += [(path, *_face_cells(face, needed)) for face in answer.faces]
    return aligned_columns(rows)


def video_lines(answer: VideoAnswer) -> list[str]:
    """The table of a video: a line a person, the person with the most faces first, unknown people last.

    The likeness is the median over the person's faces.
    """
    seen: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for frame in answer.frames:
        for face in frame.faces:
            seen[face.named.name].append((frame.second, face.named.likeness))
    order = sorted(seen, key=lambda name: (name == UNKNOWN, -len(seen[name]), name))
    rows: list[tuple[str, ...]] = [VIDEO_COLUMNS]
    for name in order:
        seconds, likenesses = zip(*seen[name], strict=True)
        likeness = f"{float(np.median(likenesses)):.0f} %"
        frames = sum(any(face.named.name == name for face in frame.faces) for frame in answer.frames)
        rows.append((printable(name), str(frames), f"{min(seconds):.1f} s", f"{max(seconds):.1f} s", likeness))
    return aligned_columns(rows)


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


def photo_summary(answers: Sequence[PhotoAnswer]) -> str:
    """Counts and times. The first photo, which is slower, is included."""
    faces = [face for answer in answers for face in answer.faces]
    read = [answer for answer in answers if answer.was_read]
    counts = Counter(answer.outcome for answer in answers)
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    known = sum(face.named.name != UNKNOWN for face in faces)
    line = f"{counted(len(answers), 'photo')} ({words}), {counted(len(faces), 'face')}, {known} of them known."
    if read:
        line += f" Finding and encoding: {1000 * float(np.median([a.seconds for a in read])):.0f} ms a photo (median)."
    return f"{line} {naming_time(faces)}".rstrip()


def video_summary(answer: VideoAnswer) -> str:
    """Counts and speed."""
    faces = [face for frame in answer.frames for face in frame.faces]
    cut = f" of {answer.expected} expected: the file is cut short" if len(answer.frames) < answer.expected else ""
    line = (
        f"{counted(len(answer.frames), 'frame')}{cut}, {counted(len(faces), 'face')} in {answer.seconds:.1f} s: "
        f"{answer.frames_per_second:.1f} frames/s (the video has {answer.rate:.4g})."
    )
    return f"{line} {naming_time(faces)}".rstrip()


def naming_time(faces: Iterable[NamedFace]) -> str:
    """The time that the model took for a face; empty where there is no face."""
    times = [face.named.milliseconds for face in faces]
    if not times:
        return ""
    median, late = np.percentile(times, [50, 95])
    return f"Naming: {median:.3f} ms a face (median), {late:.3f} ms (95th percentile)."


def photos_as_json(answers: Sequence[PhotoAnswer], recogniser: Recogniser) -> dict[str, Any]:
    """All answers, as `--json` prints them."""
    return {
        "model": _model_as_json(recogniser),
        "photos": [
            {
                "path": str(answer.path),
                "outcome": answer.outcome,
                "reason": answer.reason,
                "seconds": answer.seconds,
                "copy": str(answer.copy) if answer.copy else None,
                "faces": [_face_as_json(face) for face in answer.faces],
            }
            for answer in answers
        ],
    }


def video_as_json(answer: VideoAnswer, recogniser: Recogniser) -> dict[str, Any]:
    """The answer, as `--json` prints it, with the faces of every frame."""
    return {
        "model": _model_as_json(recogniser),
        "path": str(answer.path),
        "rate": answer.rate,
        "expected_frames": answer.expected,
        "seconds": answer.seconds,
        "frames_per_second": answer.frames_per_second,
        "copy": str(answer.copy) if answer.copy else None,
        "frames": [
            {"frame": frame.number, "second": frame.second, "faces": [_face_as_json(face) for face in frame.faces]}
            for frame in answer.frames
        ],
    }


def _face_cells(face: NamedFace, needed: float | None) -> tuple[str, ...]:
    left, top, right, bottom = face.box
    named = face.named
    name, likeness = printable(named.name), f"{named.likeness:.0f} %"
    if named.name == UNKNOWN and needed is not None:
        digits = 2 if round(named.likeness) == round(needed) else _digits(needed)  # 46.8 does not reach 47.2
        name, likeness = (
            f"{UNKNOWN}, most like {printable(named.nearest)}",
            f"{named.likeness:.{digits}f} %, needs {needed:.{digits}f} %",
        )
    return f"{left},{top} {right},{bottom}", name, likeness, f"{named.milliseconds:.3f}"


def _digits(needed: float) -> int:
    """Decimals of a needed likeness: 99.99 % is not 100 %, which no face reaches."""
    return 2 if needed > 99 else 0


def _face_as_json(face: NamedFace) -> dict[str, Any]:
    named = face.named
    return {
        "box": list(face.box),
        "name": named.name,
        "nearest": named.nearest,
        "likeness": named.likeness,
        "distance": named.distance,
        "probability_if_known": named.probability,
        "milliseconds": named.milliseconds,
    }


def _model_as_json(recogniser: Recogniser) -> dict[str, Any]:
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
