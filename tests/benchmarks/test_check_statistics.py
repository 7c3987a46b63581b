"""`make check-statistics`: the simulated truth, and the tables that it writes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.check_statistics import FIGURES, family_errors, people_coverage, reasons, report
from benchmarks.simulated_people import FOLDS, Protocol, World, answered, true_figures


@pytest.mark.parametrize(
    ("protocol", "answers"), [(Protocol("holdout", 4), 24), (Protocol("kfold", 10, repeats=3), 180)]
)
def test_a_protocol_asks_each_face_once_a_repeat(protocol: Protocol, answers: int) -> None:
    test = answered(World.of(6, 2.2), protocol, np.random.default_rng(0))
    assert (len(test.faces), len(set(test.faces))) == (answers, answers // protocol.repeats)
    assert np.mean(test.right) > 0.8


def test_the_truth_is_that_of_many_faces_and_equal_people_weigh_equally() -> None:
    truth = true_figures(World.of(3, 1.4), Protocol("kfold", 10))
    assert set(truth) == set(FIGURES)
    assert truth["balanced_accuracy"] == pytest.approx(truth["accuracy"])
    assert Protocol("kfold", 10).training_faces == 10 - 10 // FOLDS


def test_what_covers_too_little_or_too_much_has_a_reason() -> None:
    row = ("kfold", "6 × 10", "98.0 %", "99.0 %", "95.0 %", "92.0 %", "92.0 %")
    assert reasons(row) == "a, d, e"
    assert reasons((*row[:3], "95.0 %", "95.0 %", "95.0 %", "95.0 %")) == ""


def test_the_tables_say_when_and_by_what_they_were_made() -> None:
    text = report(2, [("kfold", "6 × 10", "98.0 %", *["95.0 %"] * 4, "")], people_coverage(1), [], family_errors(1))
    assert "| kfold | 6 × 10 | 98.0 % |" in text
    assert "by `make check-statistics`: " in text.splitlines()[-1]
