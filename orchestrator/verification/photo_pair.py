"""A pair of photos, and who they show as far as the paths tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.path_kinds import is_file


@dataclass(frozen=True)
class PhotoPair:
    """Two photos, as paths relative to the dataset, '/' between parts.

    Attributes:
        same: whether they show one person.
        fold: 0 for the first; None where the file has no folds.
    """

    first: str
    second: str
    same: bool
    fold: int | None = None


def missing_photos(root: Path, pairs: Sequence[PhotoPair]) -> list[str]:
    """Photos that the pairs name and the folder does not hold, sorted."""
    named = {path for pair in pairs for path in (pair.first, pair.second)}
    return sorted(path for path in named if not is_file(root / path))


def people_of(pairs: Sequence[PhotoPair]) -> list[tuple[str, str]] | None:
    """The people of each pair, by the first folder of each path; None where that contradicts the pairs.

    >>> people_of([PhotoPair("ann/1.jpg", "bob/1.jpg", same=False), PhotoPair("ann/1.jpg", "ann/2.jpg", same=True)])
    [('ann', 'bob'), ('ann', 'ann')]
    >>> people_of([PhotoPair("ann/1.jpg", "ann/2.jpg", same=False)]) is None
    True
    """
    people = []
    for pair in pairs:
        first, slash, _ = pair.first.partition("/")
        second, other, _ = pair.second.partition("/")
        if not (slash and other) or pair.same != (first == second):
            return None
        people.append((first, second))
    return people
