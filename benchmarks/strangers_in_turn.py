"""How far an open-set figure depends on who was drawn: strangers always the same, and strangers in turn.

    python -m benchmarks.strangers_in_turn STORE RUN SHARE

Takes the faces of a finished run, draws 5 folds three times with eight seeds, and prints the least and the greatest
false-alarm rate of three methods.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import pyarrow as pa

from orchestrator.dataset import splits as splitting
from orchestrator.dataset.draws import strangers_of
from storage.experiments import Protocol
from storage.face_pictures import run_pictures
from storage.run_faces import read_faces
from storage.runs import Run, open_run
from storage.schemas import CATALOG, SCORES
from storage.tables import read_table
from workers.compare.answers import answers_of
from workers.compare.open_set import open_set
from workers.learning.configurations import find_configuration
from workers.learning.evaluation import evaluate
from workers.learning.face_arrays import Faces

SEEDS = 8
METHODS = ("lda", "svm-linear", "nearest-centroid")


def always_the_same(labels: list[str], protocol: Protocol, _turn: int) -> dict[str, str]:
    """The strangers of the first split, in every split."""
    return strangers_of(labels, protocol, 0)


def false_alarms(run: Run, share: float, seed: int) -> dict[str, float]:
    """The false-alarm rate of each method on one draw of folds and strangers."""
    table = read_faces(run, splitting.SPLIT_COLUMNS)
    faces = Faces.from_table(table)
    protocol = Protocol(kind="kfold", folds=5, repeats=3, unknown_share=share, seed=seed)
    rows = splitting.make_splits(read_table(run.catalog, CATALOG), table, protocol, run_pictures(run)).table.to_pylist()
    places = sorted({(row["repeat"], row["fold"]) for row in rows})
    found = {}
    for name in METHODS:
        configuration, scores = find_configuration(name), []
        for place in places:
            mine = [row for row in rows if (row["repeat"], row["fold"]) == place]
            scores += evaluate(configuration, faces, mine, seed).scores
        answers = answers_of(pa.Table.from_pylist(scores, schema=SCORES))
        result = open_set(answers.test, answers.calibrate, answers.unknown)
        found[name] = result.far.value if result else float("nan")
    return found


def main() -> None:
    """Print a line for each way of drawing strangers and each method."""
    store, name, share = sys.argv[1:4]
    run = open_run(Path(store), name)
    for words, drawn in (("always the same", always_the_same), ("in turn", strangers_of)):
        with mock.patch.object(splitting, "strangers_of", drawn):
            rates = [false_alarms(run, float(share), seed) for seed in range(SEEDS)]
        for method in METHODS:
            each = [found[method] for found in rates]
            print(f"{words:16} {method:18} {min(each):.1%} to {max(each):.1%}", flush=True)


if __name__ == "__main__":
    main()
