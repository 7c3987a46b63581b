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
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import engine_table
from benchmarks.detector_figures import NAMES, REFINERS, Seen, drawn, recall, report
from benchmarks.photos import web_photos
from benchmarks.processes import ROOT
from storage.engine_settings import EngineSettings
from workers.faces.align.chips import encoder_chip
from workers.faces.align.landmarks import load_landmarks
from workers.faces.decode.read_image import read_image
from workers.faces.detect.blazeface import detect_blazeface
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.cascade import Detector
from workers.faces.detect.detectors import load_detector, shrink
from workers.faces.detect.refine_box import load_refiner
from workers.faces.detect.yunet import detect_yunet
from workers.faces.embed.face_encoder import Embedding, load_face_encoder
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Photo, Pixels

SETTINGS = EngineSettings()


SIDES: dict[str, tuple[int, ...]] = {"blaze": (96, 192, 384), "yunet": (192, 320, 640), "cnn": (400, 800)}
"""Of the curve: detectors, each at several sizes of the photo."""


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
