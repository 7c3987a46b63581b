"""Speed of the image stage through Celery for different values of photos_per_task.

    python -m benchmarks.photos_per_task [FOLDER]    prints a table, writes build/batches.json

Without a folder, 300 photos of 250 x 250 are drawn and each is used four times: with small photos the cost of a message
matters most. The sizes are measured in turns; medians are reported.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks import engine_table
from benchmarks.image_stage import Stage, copies, warm_stage
from benchmarks.photos import pictures, small_photos, web_photos
from benchmarks.processes import ROOT

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)

ROUNDS = 3
"""Laps of each size; the median is reported."""

COPIES = 4
"""Copies of each photo, as in benchmarks.bench."""


def curve(stage: Stage, folder: Path, photos: int, rounds: int) -> dict[int, dict[str, float]]:
    """For each size of a message: images/s, and their share of the best images/s of the same round."""
    rates: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(rounds):
        for size in (
            SIZES if number % 2 == 0 else SIZES[::-1]
        ):  # up and down, so that a drift of the machine affects all sizes
            rates[size].append(photos / stage.lap(folder, size))
    best = [max(rates[size][number] for size in SIZES) for number in range(rounds)]
    return {
        size: {
            "images_per_second": statistics.median(values),
            "share_of_best": statistics.median(value / top for value, top in zip(values, best, strict=True)),
        }
        for size, values in rates.items()
    }


def drawn(found: dict[str, Any]) -> str:
    """The curve as a table."""
    lines = [found["machine"], f"{found['photos']} {found['what']}, 2 processes, medians of {found['rounds']}", ""]
    lines.append(f"{'photos in a message':>20}{'images/s':>12}{'of the best':>14}")
    for size, figures in found["curve"].items():
        lines.append(f"{size:>20}{figures['images_per_second']:>12.1f}{figures['share_of_best']:>14.2f}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write build/batches.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photos_per_task", description=__doc__)
    parser.add_argument("photos", nargs="?", type=Path, help="folder of photos (default: drawn ones)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the median of so many (default: %(default)s)")
    arguments = parser.parse_args()
    photos, what = web_photos(arguments.photos) if arguments.photos else (small_photos(), "drawn photos of 250 x 250")
    with warm_stage(photos) as stage:
        folder = copies(photos, stage.folder / "photos", COPIES)
        number = len(pictures(folder.rglob("*")))
        found = {"machine": engine_table.machine(), "what": what, "photos": number, "rounds": arguments.rounds}
        found["curve"] = curve(stage, folder, number, arguments.rounds)
    path = ROOT / "build" / "batches.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(drawn(found))
    print(f"\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
