"""`make bench`: the face engine beside face_recognition, and the image stage beside the engine alone.

Prints a table and writes build/bench.json. The first run installs face_recognition into build/bench-venv, which needs
the network.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

from benchmarks import engine_table
from benchmarks.face_recognition_setup import peer_python
from benchmarks.image_stage import copies, warm_stage
from benchmarks.photos import pictures, small_photos, web_photos
from benchmarks.processes import ROOT, Lap, Processes
from storage.engine_settings import EncoderName, EngineSettings
from storage.errors import EngineError
from workers.faces.models.openvino_runtime import check_openvino

ROUNDS = 3
"""Laps of each; the median is reported."""

COPIES = {"faces_250": 4, "web": 2}
"""How often a lap goes through each folder: towards the end of a lap the messages shrink to one photo, so that no
process is idle, and a lap of 0.7 s is mostly its end. A run of many photos has one such end."""

OURS = "benchmarks.lineup_loop"

REDUCED: EncoderName = "openvino-bf16"
"""Dlib's network in half the bits; it has a row of its own where it can run."""


def main() -> None:
    """Measure everything, print it, write build/bench.json."""
    arguments = _arguments()
    peer = peer_python()
    if isinstance(peer, str):
        print(f"{peer}; measuring Lineup alone")
    web, described = web_photos(arguments.photos)
    sets = {"faces_250": small_photos(), "web": web}
    found: dict[str, Any] = {"machine": engine_table.machine(), "rounds": arguments.rounds, "web_photos": described}
    found["encoder"] = arguments.encoder
    found["reduced_encoder"] = _reduced(arguments.encoder)
    for name, photos in sets.items():
        there = None if isinstance(peer, str) else peer
        lap = [path for _ in range(COPIES[name]) for path in photos]
        found[name] = side_by_side(lap, there, arguments.rounds, arguments.encoder, found["reduced_encoder"])
    found |= pipeline(sets["faces_250"], web, arguments.rounds)
    path = ROOT / "build" / "bench.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(engine_table.drawn(found))
    print(f"\nwritten to {path.relative_to(ROOT)}")


def side_by_side(
    photos: Sequence[Path],
    peer: Path | None,
    rounds: int,
    encoder: str = EngineSettings.encoder,
    reduced: str | None = None,
) -> dict[str, Any]:
    """Medians of the engines, measured in turns on the same photos; without a peer its figures are None.

    Args:
        encoder: what runs dlib's network.
        reduced: the same in a second engine of ours, whose figures are in "reduced".
    """
    laps: dict[str, list[Lap]] = {"face_recognition": [], "lineup": [], "reduced": []}
    with ExitStack() as stack:
        engines = {
            "lineup": stack.enter_context(Processes(Path(sys.executable), OURS, json.dumps({"encoder": encoder})))
        }
        if reduced:
            settings = json.dumps({"encoder": reduced})
            engines["reduced"] = stack.enter_context(Processes(Path(sys.executable), OURS, settings))
        if peer:
            engines["face_recognition"] = stack.enter_context(Processes(peer, "benchmarks.face_recognition_loop"))
        for engine in engines.values():
            engine.lap(photos[:16])
        for _ in range(rounds):
            for name, engine in engines.items():
                laps[name].append(engine.lap(photos))
    found = {"photos": len(photos), **_figures(laps["lineup"], laps["face_recognition"])}
    return found | ({"reduced": _figures(laps["reduced"], laps["face_recognition"])} if reduced else {})


def _figures(ours: Sequence[Lap], theirs: Sequence[Lap]) -> dict[str, Any]:
    return {
        "lineup": _median([lap.per_machine for lap in ours]),
        "face_recognition": _median([lap.per_machine for lap in theirs]),
        "ratio": _median([one.per_machine / other.per_machine for one, other in zip(ours, theirs, strict=False)]),
        "per_core": {
            "lineup": _median([lap.per_core for lap in ours]),
            "face_recognition": _median([lap.per_core for lap in theirs]),
            "ratio": _median([one.per_core / other.per_core for one, other in zip(ours, theirs, strict=False)]),
        },
        "steps_ms": {step: _median([1e3 * lap.steps[step] / lap.photos for lap in ours]) for step in ours[0].steps},
    }


def _reduced(encoder: str) -> str | None:
    """The encoder of reduced precision, where it is another and can run here."""
    try:
        check_openvino(REDUCED)
    except EngineError as error:
        print(f"{error.what}: its row is left out")
        return None
    return REDUCED if encoder != REDUCED else None


def pipeline(photos: Sequence[Path], large: Sequence[Path], rounds: int) -> dict[str, Any]:
    """Speed of the image stage through Celery relative to the same engine in two bare processes, in turns.

    The peak memory of the workers and of their readers is read after a lap over the large photos.
    """
    with warm_stage(photos) as stage, Processes(Path(sys.executable), OURS) as bare:
        folder = copies(photos, stage.folder / "photos", COPIES["faces_250"])
        paths = pictures(folder.rglob("*"))
        bare.lap(paths[:16])
        pairs = [(bare.lap(paths).wall, stage.lap(folder)) for _ in range(rounds)]
        stage.lap(copies(large, stage.folder / "large", 1))
        worker, reader = stage.rss_mb()
        return {
            "pipeline_efficiency": _median([alone / whole for alone, whole in pairs]),
            "pipeline": {"photos": len(paths), **_rates(len(paths), pairs)},
            "worker_rss_mb": round(worker, 1),
            "reader_rss_mb": round(reader, 1),
        }


def _rates(photos: int, pairs: Sequence[tuple[float, float]]) -> dict[str, float | None]:
    return {
        "bare": _median([photos / alone for alone, _ in pairs]),
        "stage": _median([photos / whole for _, whole in pairs]),
    }


def _median(values: Sequence[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    default = Path(os.environ["LINEUP_BENCH_PHOTOS"]) if os.environ.get("LINEUP_BENCH_PHOTOS") else None
    parser.add_argument("photos", nargs="?", type=Path, default=default, help="folder of web photos")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the median of so many (default: %(default)s)")
    parser.add_argument(
        "--encoder",
        choices=get_args(EncoderName),
        default=EngineSettings.encoder,
        help="what runs dlib's network in the engine beside face_recognition (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
