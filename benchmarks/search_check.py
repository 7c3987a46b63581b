"""Is every classical family searched fairly? Its accuracy in a run beside the best of a wide grid on the same split.

    python -m benchmarks.search_check [--people 200] [--photos 20]     (`make check-search`)

Draws photos, compares the classical configurations on them (`lineup run`, one split of 70/30), and then fits
scikit-learn's models over wide grids on the same training faces. The best row is chosen by its accuracy on the test
faces, which no fair search may look at: it is a bound. Ends with 1 where a family is more than POINTS below it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import engine_table
from benchmarks.photos import drawn
from benchmarks.processes import ROOT
from benchmarks.wide_grids import Array, Row, Split, wide_grid
from orchestrator.report.terminal import percent
from storage.parts import list_parts, read_parts
from storage.runs import Run, list_runs, open_run
from storage.schemas import FITS, SCORES, SPLITS
from storage.tables import read_table
from workers.jobs.load_faces import faces_by_encoder
from workers.learning.configurations import RUN_ENCODER

POINTS = 1.0
FOLDER = ROOT / "build" / "search"
FAMILIES = {
    "logistic": ("logistic-regression",),
    "svm-linear": ("svm-linear",),
    "svm-rbf": ("svm-rbf",),
    "eigenfaces": ("eigenfaces-svm",),
    "lda": ("lda",),
    "centroid": ("nearest-centroid", "cosine-centroid"),
    "neighbours": ("knn-1", "knn-3", "knn-7"),
}
"""By family, its configurations; the best of them stands for it, since its name says what differs."""


@dataclass(frozen=True)
class Checked:
    """A line of the table; accuracies are fractions."""

    family: str
    configuration: str
    chosen: Row
    accuracy: float
    bound: float
    rows: int
    best_row: Row
    seconds: float

    @property
    def gap(self) -> float:
        """Points below the bound."""
        return 100 * (self.bound - self.accuracy)


def main() -> None:
    """Print the table and keep it in build/search/search.json (`make figures ONLY=check-search`)."""
    from threadpoolctl import threadpool_limits

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--photos", type=int, default=20)
    arguments = parser.parse_args()
    run = compared(arguments.people, arguments.photos)
    split = split_of(run)
    with threadpool_limits(1):
        checked = [check(family, run, split) for family in FAMILIES]
    lines = [
        f"{engine_table.machine()}; {len(split.y)} training faces, {len(split.test_y)} test faces",
        "",
        *table(checked),
    ]
    print("\n".join(lines))
    found = {"split": lines[0], "families": [asdict(each) for each in checked]}
    (FOLDER / "search.json").write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(any(each.gap > POINTS for each in checked))


def compared(people: int, photos: int) -> Run:
    """The finished run of the classical configurations on drawn photos; an earlier one is used again."""
    faces = drawn(f"search/faces-{people}x{photos}", people, photos, side=256)[0].parents[1]
    experiment, store = FOLDER / "classical.toml", FOLDER / "store"
    names = [name for names in FAMILIES.values() for name in names]
    experiment.write_text(f"configurations = {json.dumps(names)}\n")
    command = [str(Path(sys.executable).parent / "lineup"), "run", str(faces), "-e", str(experiment)]
    subprocess.run(command, env={**os.environ, "LINEUP_STORE": str(store)}, check=True)  # noqa: S603 - our own command
    return open_run(store, list_runs(store)[0])


def split_of(run: Run) -> Split:
    """The faces of the run's split."""
    faces = faces_by_encoder(run, RUN_ENCODER)
    rows = read_table(run.splits, SPLITS).to_pylist()
    people = {label: number for number, label in enumerate(sorted({row["label"] for row in rows}))}
    where = faces.rows((row["photo_key"], row["face_index"]) for row in rows)
    y = np.asarray([people[row["label"]] for row in rows])
    train = np.asarray([row["role"] == "train" for row in rows])
    x, grey = faces.embedding[where].astype(np.float64), grey_pictures(np.asarray(faces.pictures("aligned")[where]))
    return Split(x[train], grey[train], y[train], x[~train], grey[~train], y[~train])


def grey_pictures(pictures: Array) -> Array:
    """(N, 128, 128, 3) RGB to (N, 1024): grey, 32 x 32, each of mean 0 and standard deviation 1."""
    grey = pictures @ np.array([0.299, 0.587, 0.114])
    small: Array = grey.reshape(len(grey), 32, 4, 32, 4).mean(axis=(2, 4)).reshape(len(grey), -1)
    return np.asarray((small - small.mean(axis=1, keepdims=True)) / small.std(axis=1, keepdims=True))


def check(family: str, run: Run, split: Split) -> Checked:
    """The family's best configuration in the run, beside the best row of its wide grid."""
    started = time.perf_counter()
    found = {name: accuracy_in(run, name) for name in FAMILIES[family]}
    name = max(found, key=lambda each: found[each])
    rows = [(float(np.mean(answers(split) == split.test_y)), row) for row, answers in wide_grid(family)]
    bound, best = max(rows, key=lambda each: each[0])
    seconds = time.perf_counter() - started
    print(f"{family}: {len(rows)} rows in {seconds:.0f} s", file=sys.stderr, flush=True)
    return Checked(family, name, chosen_in(run, name), found[name], bound, len(rows), best, seconds)


def accuracy_in(run: Run, name: str) -> float:
    """The configuration's accuracy on the test faces of the run."""
    rows = read_parts(list_parts(run.scores), SCORES, ["configuration", "role", "truth", "predicted"]).to_pylist()
    return float(np.mean([row["truth"] == row["predicted"] for row in rows if row["configuration"] == name]))


def chosen_in(run: Run, name: str) -> Row:
    """The hyper-parameters that the configuration chose in the run."""
    rows = read_parts(list_parts(run.fits), FITS, ["configuration", "chosen"]).to_pylist()
    chosen = next(json.loads(row["chosen"]) for row in rows if row["configuration"] == name)
    return {key: chosen[key] for key in ("C", "gamma", "components", "k") if key in chosen}


def table(checked: list[Checked]) -> list[str]:
    """Lines of Markdown."""
    lines = [
        "| family | in the run | chosen | accuracy | best of the wide grid | rows | its row | points below |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in checked:
        lines.append(
            f"| {each.family} | {each.configuration} | {words(each.chosen)} | {percent(each.accuracy)} "
            f"| {percent(each.bound)} | {each.rows} | {words(each.best_row)} | {each.gap:.1f} |"
        )
    return lines


def words(row: Row) -> str:
    """A row of a grid, as the table shows it."""
    return (
        ", ".join(f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items())
        or "–"
    )


if __name__ == "__main__":
    main()
