"""The family of the pairwise tests: every configuration but baselines, and one of those that answer every face alike.

A correction for many tests should count the questions that are asked. A baseline is there to show the level, and two
configurations with the same answers are one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from workers.compare.answers import Outcomes

BASELINE = "baseline"


@dataclass(frozen=True)
class TestedFamily:
    """Who is tested against whom.

    Attributes:
        members: configurations of the family, in the order given.
        like: by configuration that is no baseline, the member with the same answers; members stand for themselves.
        baselines: those left out as baselines, in the order given.
    """

    members: tuple[str, ...]
    like: Mapping[str, str]
    baselines: tuple[str, ...]

    def why_not(self, name: str) -> str:
        """Why a configuration is not in the family; empty for a member."""
        if name in self.baselines:
            return BASELINE
        return "" if self.like.get(name, name) == name else f"answers every test face like {self.like[name]}"


def family_of(tests: Mapping[str, Outcomes], baselines: Collection[str]) -> TestedFamily:
    """The family among these configurations; the first of equals is the member.

    Args:
        tests: answers to the same faces, by configuration, in the order in which equals are kept.
    """
    like: dict[str, str] = {}
    member: dict[tuple[str, ...], str] = {}
    for name in _without(tests, baselines):
        like[name] = member.setdefault(tuple(tests[name].predicted.tolist()), name)
    return TestedFamily(tuple(member.values()), like, tuple(name for name in tests if name in baselines))


def _without(names: Iterable[str], left_out: Collection[str]) -> list[str]:
    return [name for name in names if name not in left_out]
