"""The figures of detectors from what they saw on photos: recall, time, shift of boxes, closeness of embeddings."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np

from storage.engine_settings import DetectorName, RefinerName
from workers.compare.pair_protocol import equal_error_rate, roc
from workers.faces.detect.boxes import Box, Detection, overlap
from workers.faces.embed.face_encoder import Embedding

NAMES = tuple(name for name in get_args(DetectorName) if name != "dlib-cnn")
"""Without dlib's own CNN, which finds the faces of `cnn` in about twenty times the time."""

REFINERS = get_args(RefinerName)

SAME_FACE = 0.3
"""Overlap above which two boxes are one face, as in the cascade."""


@dataclass
class Seen:
    """The results of all detectors on one photo.

    Attributes:
        person: the name of the folder.
        reference: boxes of the reference detector.
        found: detector to its detections, best first.
        seconds: detector to processor time.
        measured: (detector, refiner) to the embedding of the largest face.
    """

    person: str
    reference: list[Box]
    found: dict[str, list[Detection]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    measured: dict[tuple[str, str], Embedding] = field(default_factory=dict)

    def largest(self, name: str) -> Detection | None:
        return max(self.found[name], key=lambda face: face.box.area, default=None)


def recall(name: str, photos: Sequence[Seen]) -> dict[str, Any]:
    """Recall of the reference's faces, extra faces, and processor time a photo."""
    faces = [(box, one.found[name]) for one in photos for box in one.reference]
    hits = sum(any(overlap(box, face.box) > SAME_FACE for face in found) for box, found in faces)
    extra = sum(
        all(overlap(face.box, box) <= SAME_FACE for box in one.reference) for one in photos for face in one.found[name]
    )
    times = [1e3 * one.seconds[name] for one in photos]
    return {
        "photos_with_a_face": sum(bool(one.found[name]) for one in photos),
        "recall": hits / len(faces) if faces else None,
        "extra_faces": extra,
        "ms_mean": statistics.mean(times),
        "ms_median": statistics.median(times),
    }


def convention(name: str, photos: Sequence[Seen]) -> dict[str, Any]:
    """Median shift (right and down, in sides of the box) and scale from a detector's box to the HOG detector's."""
    steps = [
        ((hog.centre[0] - box.centre[0]) / box.width, (hog.centre[1] - box.centre[1]) / box.height, hog.area / box.area)
        for one in photos
        for hog, box in _pairs(one, name)
    ]
    if not steps:
        return {"faces": 0}
    right, down, area = (statistics.median(values) for values in zip(*steps, strict=True))
    return {"faces": len(steps), "right": right, "down": down, "scale": area**0.5}


def _pairs(one: Seen, name: str) -> Iterator[tuple[Box, Box]]:
    """The boxes of the largest face by HOG and by the detector, where they are one face."""
    hog, face = one.largest("hog"), one.largest(name)
    if hog and face and overlap(hog.box, face.box) > SAME_FACE:
        yield hog.box, face.box


def closeness(name: str, how: str, photos: Sequence[Seen]) -> dict[str, Any]:
    """Distance of embeddings to those of HOG's box, and the equal error rate of verification.

    `error_frontal` is over all pairs of photos in which every detector finds a face, `error_all` over those in which
    every detector but HOG does. The folder of a photo is its person.
    """
    apart = [
        float(np.linalg.norm(one.measured[name, how] - one.measured["hog", "none"]))
        for one in photos
        for _ in _pairs(one, name)
    ]
    every = [one for one in photos if all(one.found[other] for other in NAMES)]
    beyond = [one for one in photos if all(one.found[other] for other in NAMES if other != "hog")]
    return {
        "distance_median": statistics.median(apart) if apart else None,
        "distance_p95": float(np.quantile(apart, 0.95)) if apart else None,
        "error_frontal": _error(every, name, how),
        "error_all": _error(beyond, name, how) if name != "hog" else None,
    }


def _error(photos: Sequence[Seen], name: str, how: str) -> float | None:
    pairs = list(itertools.combinations(photos, 2))
    same = np.array([one.person == other.person for one, other in pairs])
    if not pairs or same.all() or not same.any():
        return None
    apart = [np.linalg.norm(one.measured[name, how] - other.measured[name, how]) for one, other in pairs]
    return equal_error_rate(roc(np.array(apart), same))


def report(photos: Sequence[Seen]) -> dict[str, Any]:
    """All figures, as build/detectors.json holds them."""
    return {
        "photos": len(photos),
        "reference_photos": sum(bool(one.reference) for one in photos),
        "reference_faces": sum(len(one.reference) for one in photos),
        "detectors": {name: recall(name, photos) for name in NAMES},
        "curve": {name: recall(name, photos) for name in photos[0].found},
        "conventions": {name: convention(name, photos) for name in NAMES if not name.endswith(("hog", "cascade"))},
        "closeness": {
            f"{name} {how}": closeness(name, how, photos)
            for name, how in itertools.product(NAMES, REFINERS)
            if name != "hog" or how == "none"
        },
    }


def drawn(found: dict[str, Any]) -> str:
    """The figures as tables."""
    lines = [found["machine"], f"{found['photos']} {found['what']}; the reference sees a face in "]
    lines[-1] += f"{found['reference_photos']}, {found['reference_faces']} faces in all"
    for title in ("curve", "conventions", "closeness"):
        rows: dict[str, dict[str, Any]] = found[title]
        heads = list(next(iter(rows.values())))
        lines += ["", f"{title:<16}" + "".join(f"{head:>20}" for head in heads)]
        lines += [
            f"{name:<16}" + "".join(f"{_cell(row.get(head)):>20}" for head in heads) for name, row in rows.items()
        ]
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    return "–" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"
