"""Seeds come from what is computed."""

from __future__ import annotations

from workers.learning.seeds import seed_of


def test_seeds_never_change() -> None:
    assert seed_of(42, "knn-1", 0, 0) == 737839152


def test_every_part_of_the_name_changes_the_seed() -> None:
    names = [(1, "a", 0, 0), (2, "a", 0, 0), (1, "b", 0, 0), (1, "a", 1, 0), (1, "a", 0, 1), (11, "a", 0, 1)]
    seeds = {seed_of(*each) for each in names}
    assert len(seeds) == len(names)
    assert all(0 <= each < 2**31 for each in seeds)
