"""Measure runs of many photos without the networks: memory by role, rates, bytes, objects. `make scale PHOTOS=100000`.

The photos are tiny and the null engine invents their faces (workers/faces/null_engine.py); all else is a run as any
other: catalogue, messages, Celery workers, Parquet, trainings of classical configurations on 1,000 people.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.engine_table import processor
from benchmarks.processes import ROOT
from benchmarks.scale_run import MEASURED, measure
from benchmarks.scale_table import scale_table
from workers.cores import usable_cores

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PHOTOS_PER_PERSON = 10
"""At least; there are 1,000 people at most."""

CONFIGURATIONS = ("majority", "nearest-centroid", "cosine-centroid", "threshold-1nn", "knn-1", "knn-3", "lda")
"""Those whose fits take minutes at most on 70,000 faces of 1,000 people; --configurations names others."""

FOUND = "scale.json"


def main() -> None:
    """Measure each size up to --photos that is not measured yet, one after the other, and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--only", action="store_true", help="this size alone; others as they were measured before")
    parser.add_argument("--again", action="store_true", help="measure sizes that were measured before, too")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "scale")
    parser.add_argument("--configurations", default=",".join(CONFIGURATIONS))
    parser.add_argument("--table", action="store_true", help="measure nothing; print what is measured so far")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    sizes = (
        []
        if asked.table
        else [asked.photos]
        if asked.only
        else sorted({size for size in SIZES if size < asked.photos} | {asked.photos})
    )
    for size in sizes:
        measure_size(folder, size, asked.configurations.split(","), again=asked.again)
    print(scale_table(gathered(folder)))


def measure_size(folder: Path, size: int, configurations: list[str], *, again: bool) -> None:
    """Measure one size, or go on where an earlier call stopped."""
    if again:
        shutil.rmtree(folder / str(size), ignore_errors=True)
    mine = folder / str(size)
    photos = mine / "photos"
    draw_photos(photos, size)
    experiment = mine / "experiment.toml"
    names = ", ".join(f'"{name}"' for name in configurations)
    experiment.write_text(f"configurations = [{names}]\n[faces]\nnull_engine = true\n")
    measure(mine, photos, experiment, size)


def gathered(folder: Path) -> dict[str, Any]:
    """What `scale_table` takes, of all sizes measured so far; also written into `folder`."""
    sizes = {}
    for file in folder.glob(f"*/{MEASURED}"):
        day = f"{datetime.fromtimestamp(file.stat().st_mtime, UTC):%d %B %Y}".lstrip("0")
        sizes[file.parent.name] = {**json.loads(file.read_text()), "day": day}
    found = {"machine": f"{processor()}, {usable_cores()} cores", "sizes": sizes}
    (folder / FOUND).write_text(json.dumps(found, indent=1))
    return found


def draw_photos(folder: Path, photos: int) -> None:
    """Tiny photos with different bytes in a folder a person; a photo's last word is its person."""
    from PIL import Image

    if (folder.parent / ".drawn").exists():
        return
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), (120, 90, 60)).save(picture, "JPEG")
    people = max(2, min(1_000, photos // PHOTOS_PER_PERSON))
    for number in range(photos):
        person = f"person-{number % people:04}"
        (folder / person).mkdir(parents=True, exist_ok=True)
        words = f" {number} {person}".encode()
        (folder / person / f"{number // people:05}.jpg").write_bytes(picture.getvalue() + words)
    (folder.parent / ".drawn").touch()
    time.sleep(3)  # a file that was changed just now is read again


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
