"""Each detector on real photos: recall, time, and the effect of its boxes on the embedding.

    python -m benchmarks.detectors FOLDER [FOLDER...]    prints tables, writes build/detectors.json

The first folder has one sub-folder a person; boxes and embeddings are compared on it. Recall and time are told of each.

The reference for recall is dlib's CNN detector at its default scale, that is `cnn` at the full size of the photo; the
two find the same faces (tests/workers/faces/detect/test_mmod.py). All detectors get each photo in turn, at the default
size of the engine.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks import engine_table
from benchmarks.photos import web_photos
from benchmarks.processes import ROOT
from storage.engine_settings import DetectorName, EngineSettings, RefinerName
from workers.compare.pair_protocol import equal_error_rate, roc
from workers.faces.align.chips import encoder_chip
from workers.faces.align.landmarks import load_landmarks
from workers.faces.decode.read_image import read_image
from workers.faces.detect.blazeface import detect_blazeface
from workers.faces.detect.boxes import Box, Detection, overlap
from workers.faces.detect.cascade import Detector
from workers.faces.detect.detectors import load_detector, shrink
from workers.faces.detect.refine_box import load_refiner
from workers.faces.detect.yunet import detect_yunet
from workers.faces.embed.face_encoder import Embedding, load_face_encoder
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Photo, Pixels

SETTINGS = EngineSettings()

NAMES = tuple(name for name in get_args(DetectorName) if name != "dlib-cnn")
"""Without dlib's own CNN, which finds the faces of `cnn` in about twenty times the time."""

REFINERS = get_args(RefinerName)

SAME_FACE = 0.3
"""Overlap above which two boxes are one face, as in the cascade."""

SIDES: dict[str, tuple[int, ...]] = {"blaze": (96, 192, 384), "yunet": (192, 320, 640), "cnn": (400, 800)}
"""Of the curve: detectors, each at several sizes of the photo."""


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


def examine(photos: Sequence[Path], measured: bool) -> Iterator[Seen]:
    """Every readable photo with the results of every detector, and of every refiner where they are to be measured."""
    detectors = {name: load_detector(name, SETTINGS.policy) for name in NAMES} | dict(_at_sides())
    limits = replace(SETTINGS.limits, working_side=100_000)  # decode at full size, for the reference
    for path in photos:
        photo = read_image(path.read_bytes(), limits)
        if isinstance(photo, Photo):
            whole = detectors["cnn"](photo.rgb, max(photo.rgb.shape))
            seen = Seen(path.parent.name, [face.box for face in whole])
            for name, detect in detectors.items():
                _detect(seen, name, detect, photo.rgb, measured and name in NAMES)
            yield seen


def _at_sides() -> Iterator[tuple[str, Detector]]:
    """The detectors of the curve."""
    for side in SIDES["blaze"]:
        yield f"blaze {side}", functools.partial(_blaze_at, side)
    for side in SIDES["yunet"]:
        yield f"yunet {side}", functools.partial(_yunet_at, side)
    for side in SIDES["cnn"]:
        yield f"cnn {side}", functools.partial(_cnn_at, side)


def _cnn_at(side: int, rgb: Pixels, _: int) -> list[Detection]:
    return load_detector("cnn")(rgb, side)


def _blaze_at(side: int, rgb: Pixels, _: int) -> list[Detection]:
    return [Detection(face.box, face.score, "blaze") for face in detect_blazeface(session_of("blaze"), rgb, side)]


def _yunet_at(side: int, rgb: Pixels, _: int) -> list[Detection]:
    seen, factor = shrink(rgb, side)
    return [Detection(face.box.scaled(factor), face.score, "yunet") for face in detect_yunet(session_of("yunet"), seen)]


def _detect(seen: Seen, name: str, detect: Detector, rgb: Pixels, measured: bool) -> None:
    start = time.process_time()
    seen.found[name] = detect(rgb, SETTINGS.detect_side)
    seen.seconds[name] = time.process_time() - start
    face = seen.largest(name)
    if face and measured:
        for how in REFINERS:
            seen.measured[name, how] = measure(rgb, load_refiner(how)(rgb, face).box)


def measure(rgb: Pixels, box: Box) -> Embedding:
    """The embedding, (128,) float32, of the face in a box of an RGB picture."""
    points = load_landmarks("68")([(rgb, box)])[0]
    measured: Embedding = load_face_encoder("onnx")(encoder_chip(rgb, points)[None])[0]
    return measured


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


def main() -> None:
    """Measure, print, write build/detectors.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detectors", description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path, help="folders of photos; the first has one sub-folder a person")
    folders = parser.parse_args().photos
    photos, what = web_photos(folders[0] if folders else None)
    found = {"machine": engine_table.machine(), "what": what, **report(list(examine(photos, measured=True)))}
    found["folders"] = {what: found["curve"]}
    for folder in folders[1:]:
        photos, what = web_photos(folder)
        seen = list(examine(photos, measured=False))
        found["folders"][what] = {name: recall(name, seen) for name in seen[0].found}
    path = ROOT / "build" / "detectors.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(drawn(found))
    print(f"\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
