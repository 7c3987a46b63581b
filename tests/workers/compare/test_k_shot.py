"""k-shot: accuracy against training photos a person; folds are numbers of photos and are never pooled."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.workers.compare.conftest import Study, make_study
from workers.compare.intervals import jeffreys
from workers.compare.k_shot import k_shot_table, largest_shot


@pytest.fixture(scope="module")
def kshot() -> Study:
    return make_study({"good": 0.9, "fair": 0.5}, folds=3, repeats=4)


def test_a_row_is_a_configuration_at_a_number_of_photos(kshot: Study) -> None:
    rows = k_shot_table(kshot.scores, kshot.splits, ["fair", "good"], (1, 2, 4)).to_pylist()
    assert [(row["configuration"], row["shots"]) for row in rows] == [
        (name, shots) for name in ("fair", "good") for shots in (1, 2, 4)
    ]
    row = next(row for row in rows if (row["configuration"], row["shots"]) == ("good", 2))
    mine = [each for each in kshot.score_rows("good") if each["fold"] == 1]
    by_repeat = [np.mean([r["predicted"] == r["truth"] for r in mine if r["repeat"] == repeat]) for repeat in range(4)]
    faces = len({r["photo_key"] for r in mine})
    assert (row["people"], row["test_faces"]) == (3, faces)
    assert row["accuracy"] == pytest.approx(np.mean([r["predicted"] == r["truth"] for r in mine]))
    assert (row["low"], row["high"]) == pytest.approx(jeffreys(row["accuracy"] * faces, faces))
    assert row["repeat_deviation"] == pytest.approx(np.std(by_repeat, ddof=1))


def test_what_failed_in_one_repeat_has_no_figure_at_that_number_only(kshot: Study) -> None:
    broken = pc.and_(
        pc.equal(kshot.scores["configuration"].cast(pa.string()), "fair"),
        pc.and_(pc.equal(kshot.scores["repeat"], 2), pc.equal(kshot.scores["fold"], 0)),
    )
    rows = k_shot_table(kshot.scores.filter(pc.invert(broken)), kshot.splits, ["fair"], (1, 2, 4)).to_pylist()
    assert [row["accuracy"] is None for row in rows] == [True, False, False]


def test_the_largest_is_the_last_fold_of_the_splits(kshot: Study) -> None:
    for table in (kshot.splits, kshot.scores, kshot.fits):
        assert set(largest_shot(table, kshot.splits)["fold"].to_pylist()) == {2}
