"""Baselines and copies leave the family of the tests."""

from __future__ import annotations

from tests.workers.compare.conftest import Study
from workers.compare.tested_family import family_of


def test_the_first_of_those_that_answer_alike_stands_for_them(study: Study) -> None:
    good, fair = study.answers("good").test, study.answers("fair").test
    family = family_of({"one": good, "two": fair, "three": good}, ())
    assert family.members == ("one", "two")
    assert family.like == {"one": "one", "two": "two", "three": "one"}
    assert [family.why_not(name) for name in ("one", "three")] == ["", "answers every test face like one"]


def test_a_baseline_is_left_out_though_another_answers_like_it(study: Study) -> None:
    good = study.answers("good").test
    family = family_of({"threshold-1nn": good, "knn-1": good}, {"threshold-1nn", "majority"})
    assert (family.members, family.baselines) == (("knn-1",), ("threshold-1nn",))
    assert family.why_not("threshold-1nn") == "baseline"
