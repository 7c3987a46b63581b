"""Groups of faces that a split does not part: of near-duplicates, and of photos with one group in the labels file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pyarrow as pa

from orchestrator.dataset.draws import Face
from orchestrator.dataset.near_duplicates import Key, Pairs


def of_one_group(catalog: pa.Table, faces: Sequence[Face]) -> Pairs:
    """Neighbours in a chain through all photos that have one group in the labels file."""
    columns = (catalog[name].to_pylist() for name in ("photo_key", "group"))
    members: defaultdict[str, set[str]] = defaultdict(set)
    for key, group in zip(*columns, strict=True):
        if group is not None:
            members[group].add(key)
    usable = {face.key[0] for face in faces}
    chains = (sorted(keys & usable) for _, keys in sorted(members.items()))
    return tuple(((first, 0), (second, 0)) for chain in chains for first, second in pairwise(chain))


def grouped_faces(faces: pa.Table, labels: Mapping[str, str], joined: Pairs) -> list[Face]:
    """The faces of a table (photo_key, face_index) with their labels and the numbers of their groups."""
    keys: list[Key] = list(zip(faces["photo_key"].to_pylist(), faces["face_index"].to_pylist(), strict=True))
    numbers = group_numbers(keys, joined)
    return [Face(key, labels[key[0]], numbers[key[0]]) for key in keys]


def group_numbers(keys: Sequence[Key], joined: Pairs) -> dict[str, int]:
    """Group number by photo key: connected components of `joined`, numbered in the order of their first key."""
    parent = {key: key for key, _ in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for (first, _), (second, _) in joined:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    numbers: dict[str, int] = {}
    return {key: numbers.setdefault(root(key), len(numbers)) for key in sorted(parent)}
