"""Counts in sentences."""

from __future__ import annotations

import pytest

from orchestrator.text import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 photos"), (1, "1 photo"), (2, "2 photos")])
def test_a_noun_follows_its_count(count: int, said: str) -> None:
    assert counted(count, "photo") == said


def test_a_plural_may_be_its_own_word() -> None:
    assert [counted(n, "person", "people") for n in (1, 3)] == ["1 person", "3 people"]
