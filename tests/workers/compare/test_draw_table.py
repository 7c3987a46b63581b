"""How often each configuration is the best over the draws of a hold-out."""

from __future__ import annotations

import pyarrow as pa

from storage.schemas import FITS
from tests.workers.compare.conftest import make_study
from workers.compare.draw_table import draw_table


def fits(accuracies: dict[str, list[float | None] | None]) -> pa.Table:
    study = make_study(dict.fromkeys(accuracies, 0.5), folds=1, repeats=1)
    rows = [{**row, "draw_accuracies": accuracies[row["configuration"]]} for row in study.fits.to_pylist()]
    return pa.Table.from_pylist(rows, schema=FITS)


def test_each_draw_has_its_best_and_those_that_tie_are_all_the_best() -> None:
    own = {"a": 0.9, "b": 0.8, "cnn": 1.0, "broken": 0.9}
    table = fits({"a": [0.9, 0.7], "b": [0.9, 0.8], "cnn": None, "broken": [None, 1.0]})
    a, b = draw_table(own, table).to_pylist()
    assert (a["configuration"], a["draws"], a["best"], a["alone"]) == ("a", 3, 2, 1)
    assert (b["configuration"], b["draws"], b["best"], b["alone"]) == ("b", 3, 2, 1)
    assert (round(b["least"], 6), round(b["most"], 6)) == (0.8, 0.9)


def test_one_alone_is_not_compared() -> None:
    assert draw_table({"a": 0.9, "cnn": 1.0}, fits({"a": [0.9], "cnn": None})).num_rows == 0
