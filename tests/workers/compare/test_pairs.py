"""Every two configurations on the same faces."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from tests.workers.compare.conftest import Study, make_study
from workers.compare.paired import Pair, mcnemar, three_way
from workers.compare.pairs import compare_pairs, equals_of, with_max_t
from workers.compare.tested_family import family_of

NAMES = ("good", "fair", "blind")


@pytest.fixture(scope="module")
def pairs(study: Study) -> tuple[Pair, ...]:
    tests = {name: study.answers(name).test for name in NAMES}
    return compare_pairs(tests, family_of(tests, ()))


def test_every_two_are_compared_on_the_same_faces(study: Study, pairs: tuple[Pair, ...]) -> None:
    assert [(pair.first, pair.second) for pair in pairs] == list(combinations(NAMES, 2))
    answers: dict[str, dict[tuple[int, str], bool]] = {
        name: {(row["repeat"], row["photo_key"]): row["predicted"] == row["truth"] for row in study.score_rows(name)}
        for name in NAMES
    }
    for pair in pairs:
        first, second = answers[pair.first], answers[pair.second]
        only_first = [key for key in first if first[key] and not second[key]]
        only_second = [key for key in first if second[key] and not first[key]]
        assert pair.only_first == sum(repeat == 0 for repeat, _ in only_first)
        assert pair.only_second == sum(repeat == 0 for repeat, _ in only_second)
        assert pair.difference == pytest.approx((len(only_first) - len(only_second)) / len(first))
        interval, probabilities = three_way(len(only_first) / 2, len(only_second) / 2, 24)  # two repeats a face
        assert (pair.low, pair.high) == pytest.approx(interval)
        assert (pair.p_first_better, pair.p_same, pair.p_second_better) == pytest.approx(probabilities)


def test_p_values_are_holms_over_all_pairs(pairs: tuple[Pair, ...]) -> None:
    raw = [mcnemar(pair.only_first, pair.only_second) for pair in pairs]
    order = np.argsort(raw)
    adjusted = np.minimum(1, np.maximum.accumulate(np.asarray(raw)[order] * [3, 2, 1]))
    found = [pair.p_holm for pair in pairs]
    assert [found[i] for i in order] == pytest.approx(adjusted)


def test_a_baseline_and_a_copy_leave_the_correction(study: Study) -> None:
    """Two members make one pair, so nothing is corrected; the copy takes the p-value of its member."""
    tests = {name: study.answers(name).test for name in NAMES}
    tests = {"good": tests["good"], "copy": tests["good"], "fair": tests["fair"], "blind": tests["blind"]}
    family = family_of(tests, {"blind"})
    found = {(pair.first, pair.second): pair for pair in compare_pairs(tests, family)}
    single = found["good", "fair"]
    assert single.p_holm == pytest.approx(mcnemar(single.only_first, single.only_second))
    assert found["copy", "fair"].p_holm == single.p_holm
    assert found["good", "copy"].p_holm == 1.0
    assert {pair.p_holm for pair in found.values() if "blind" in (pair.first, pair.second)} == {None}


def test_max_t_is_given_for_the_best_against_the_family(study: Study, pairs: tuple[Pair, ...]) -> None:
    tests = {name: study.answers(name).test for name in NAMES}
    groups = {face: i for i, face in enumerate(sorted(set(tests["good"].faces)))}
    found = with_max_t(pairs, tests, family_of(tests, ()), "good", groups)
    assert [pair.p_maxt is None for pair in found] == [False, False, True]
    assert (found[0].p_maxt or 0) > (found[1].p_maxt or 1)
    assert with_max_t(pairs, tests, family_of(tests, {"good"}), "good", groups) == pairs
    assert with_max_t(pairs, tests, family_of(tests, ()), None, groups) == pairs


def test_practical_equality_is_said_by_both() -> None:
    pair = Pair("a", "b", 0.0, -0.001, 0.001, 0, 0, 0.02, 0.96, 0.02)
    assert (equals_of("a", (pair,)), equals_of("b", (pair,)), equals_of("c", (pair,))) == (["b"], ["a"], [])
    assert equals_of("a", (replace(pair, p_same=0.94),)) == []


def test_one_split_and_nothing_at_all_are_compared_too() -> None:
    study = make_study({"good": 0.9, "fair": 0.5}, folds=1, repeats=1)
    tests = {name: study.answers(name).test for name in ("good", "fair")}
    (pair,) = compare_pairs(tests, family_of(tests, ()))
    assert (pair.low, pair.high) == three_way(pair.only_first, pair.only_second, 24)[0]
    assert compare_pairs({}, family_of({}, ())) == ()
