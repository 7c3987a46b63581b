"""Scores become arrays in one order, whoever wrote them in which."""

from __future__ import annotations

import numpy as np

from tests.workers.compare.conftest import Study
from workers.compare.answers import answers_of, outcomes_of


def test_the_order_of_the_rows_changes_nothing(study: Study) -> None:
    mine = study.scores.filter(np.asarray([name == "fair" for name in study.scores["configuration"].to_pylist()]))
    shuffled = mine.take(np.random.default_rng(0).permutation(mine.num_rows))
    first, second = outcomes_of(mine, "test"), outcomes_of(shuffled, "test")
    assert first.faces == second.faces
    for name in (
        "split",
        "truth",
        "predicted",
        "guess",
        "confidence",
        "truth_probability",
        "known_score",
        "stranger_score",
        "top3",
    ):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_a_repeat_of_a_kfold_holds_each_face_once_and_a_split_its_own(study: Study) -> None:
    mine = study.scores.filter(np.asarray([name == "fair" for name in study.scores["configuration"].to_pylist()]))
    test = answers_of(mine).test
    assert test.splits() == [(repeat, fold) for repeat in range(2) for fold in range(4)]
    for rows in test.repeats():
        assert len({test.faces[i] for i in rows}) == len(rows) == 24
    for split in test.splits():
        assert {tuple(place) for place in test.split[test.of_split(split)].tolist()} == {split}


def test_an_answer_of_unknown_is_wrong_though_the_best_guess_is_right(study: Study) -> None:
    rows = [row for row in study.score_rows("good") if row["predicted"] == row["truth"]]
    rows[0]["predicted"] = "unknown"
    test = outcomes_of(study.scores.from_pylist(rows, schema=study.scores.schema), "test")
    assert int(np.sum(~test.right)) == 1
    assert (test.guess == test.truth).all()


def test_a_role_that_nobody_plays_is_empty(study: Study) -> None:
    closed = outcomes_of(study.scores.from_pylist(study.score_rows("good"), schema=study.scores.schema), "unknown")
    assert closed.faces == ()
    assert closed.splits() == []
