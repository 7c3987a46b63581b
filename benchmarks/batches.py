"""The curve of photos_per_task: the whole image stage through Celery with messages of different sizes.

    python -m benchmarks.batches [FOLDER]    prints a table, writes build/batches.json

Without a folder it draws 300 photos of 250 x 250 and takes each four times: the smaller the photo, the more a message
weighs. The sizes are measured in turns; the medians count.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.photos import pictures, small_photos, web_photos
from benchmarks.processes import ROOT
from benchmarks.stage import Stage, copies, warm_stage

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)

ROUNDS = 3
"""Of which the median counts."""

COPIES = 4
"""Of each photo, as in benchmarks.bench."""


def curve(stage: Stage, folder: Path, photos: int, rounds: int) -> dict[int, dict[str, float]]:
    """Photos in a message to the stage's images/s, and to that over the rate of the largest messages in its round."""
    rates: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(rounds):
        for size in SIZES if number % 2 == 0 else SIZES[::-1]:  # there and back: a drift of the machine falls on all
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
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batches", description=__doc__)
    parser.add_argument("photos", nargs="?", type=Path, help="folder of photos (default: drawn ones)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the median of so many (default: %(default)s)")
    arguments = parser.parse_args()
    photos, what = web_photos(arguments.photos) if arguments.photos else (small_photos(), "drawn photos of 250 x 250")
    with warm_stage(photos) as stage:
        folder = copies(photos, stage.folder / "photos", COPIES)
        number = len(pictures(folder.rglob("*")))
        found = {"machine": table.machine(), "what": what, "photos": number, "rounds": arguments.rounds}
        found["curve"] = curve(stage, folder, number, arguments.rounds)
    path = ROOT / "build" / "batches.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(drawn(found))
    print(f"\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
