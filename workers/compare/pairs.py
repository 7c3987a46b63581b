"""Every two configurations of a run on the same faces, and the best against the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from workers.compare.answers import Outcomes
from workers.compare.max_t import max_t
from workers.compare.metrics import Floats
from workers.compare.paired import Pair, disagreements, holm, mcnemar, three_way
from workers.compare.tested_family import TestedFamily

Face = tuple[str, int]
"""photo_key and face_index."""


def compare_pairs(tests: Mapping[str, Outcomes], family: TestedFamily) -> tuple[Pair, ...]:
    """Every two configurations, in the order of `tests`; `p_maxt` is not set.

    McNemar's test takes the first repeat, in which each face is answered once: over several repeats the answers
    to one face are not independent. The three-way answer averages a face's repeats.
    """
    if not tests:
        return ()
    any_test = next(iter(tests.values()))
    weight = 1 / _answers_of_each(any_test)
    once = next(any_test.repeats())
    right = {name: test.right for name, test in tests.items()}
    adjusted = _holm_over(family, {name: flags[once] for name, flags in right.items()})
    pairs = []
    for first, second in combinations(tests, 2):
        ours, theirs = right[first], right[second]
        interval, (better, same, worse) = three_way(
            float(np.sum(weight[ours & ~theirs])), float(np.sum(weight[~ours & theirs])), len(set(any_test.faces))
        )
        pairs.append(
            Pair(
                first, second, float(np.mean(ours) - np.mean(theirs)), *interval,
                *disagreements(ours[once], theirs[once]), better, same, worse,
                p_holm=adjusted.get(_members(family, first, second)),
            )
        )  # fmt: skip
    return tuple(pairs)


def with_max_t(
    pairs: tuple[Pair, ...],
    tests: Mapping[str, Outcomes],
    family: TestedFamily,
    best: str | None,
    groups: Mapping[Face, int],
) -> tuple[Pair, ...]:
    """The pairs, with `p_maxt` where one of the two is the best and both are of the family.

    Args:
        groups: of each test face; near-duplicates share one.
    """
    if best is None or best not in family.like or len(family.members) < 2:
        return pairs
    p_values = max_t(*_rates(tests, family, groups))
    place = {name: i for i, name in enumerate(family.members)}

    def adjusted(pair: Pair) -> Pair:
        if best not in (pair.first, pair.second) or not {pair.first, pair.second} <= set(family.like):
            return pair
        first, second = (place[family.like[name]] for name in (pair.first, pair.second))
        return replace(pair, p_maxt=float(p_values[first, second]))

    return tuple(map(adjusted, pairs))


def equals_of(name: str, pairs: tuple[Pair, ...]) -> list[str]:
    """Those that are practically the same as this configuration."""
    equal = [pair for pair in pairs if pair.practically_equal]
    return [pair.second for pair in equal if pair.first == name] + [pair.first for pair in equal if pair.second == name]


def _holm_over(family: TestedFamily, right: Mapping[str, npt.NDArray[np.bool_]]) -> dict[frozenset[str], float]:
    """Holm-corrected p-values of the family's pairs, and 1 for a member and what answers like it."""
    members = list(combinations(family.members, 2))
    raw = [mcnemar(*disagreements(right[first], right[second])) for first, second in members]
    found = {frozenset(pair): p for pair, p in zip(members, holm(raw), strict=True)}
    return found | {frozenset({name}): 1.0 for name in family.members}


def _members(family: TestedFamily, first: str, second: str) -> frozenset[str]:
    """The members that stand for both; without one of them no pair of the family."""
    return frozenset(family.like.get(name, "") for name in (first, second))


def _answers_of_each(test: Outcomes) -> Floats:
    """(N,) how often the row's face was answered."""
    number: dict[Face, int] = {}
    place = np.asarray([number.setdefault(face, len(number)) for face in test.faces], np.intp)
    return np.asarray(np.bincount(place)[place], np.float64)


def _rates(
    tests: Mapping[str, Outcomes], family: TestedFamily, groups: Mapping[Face, int]
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """(members, faces) share of right answers, and (faces,) number of the group of each."""
    faces = sorted(set(tests[family.members[0]].faces))
    place = {face: i for i, face in enumerate(faces)}
    rates = []
    for name in family.members:
        index = np.asarray([place[face] for face in tests[name].faces], np.intp)
        rates.append(np.bincount(index, weights=tests[name].right) / np.bincount(index))
    return np.asarray(rates), np.unique([groups[face] for face in faces], return_inverse=True)[1]
