"""Draws of a protocol: in each repeat and fold, which faces train, which test, and who plays the stranger.

Groups are drawn, not faces: all faces of a group lie on the same side. Every draw follows from the faces, sorted by
key, and the protocol's seed.

- `holdout`: scikit-learn's train_test_split, stratified by person (by default the mission's own: 70/30, seed 42).
- `kfold`: StratifiedKFold over the groups, shuffled; StratifiedGroupKFold where a group has several people or a person
  has fewer groups than folds.
- `k-shot`: a person's test photos are drawn first and are the same for every number of shots; the photos that train
  are nested, one of each group. A person too poor in photos for a number of shots takes no part in that fold.
- strangers: people in a circle, shuffled once; each draw takes the next ones, so that nobody's figure hangs on who was
  drawn. Under k-shot they change with the repeat only.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.dataset.near_duplicates import Key
from storage.errors import DatasetError
from storage.experiments import Protocol
from workers.learning.holdout_draws import holdout_groups, labels_of_groups


class Face(NamedTuple):
    """A usable face."""

    key: Key
    label: str
    group: int


@dataclass(frozen=True)
class Draw:
    """One split of all faces, before strangers are taken out.

    Attributes:
        fold: under k-shot the place in `Protocol.shots`.
        turn: number of the draw, for the strangers' circle.
        trains, tests: keys of faces; a face in neither takes no part.
    """

    repeat: int
    fold: int
    turn: int
    trains: frozenset[Key]
    tests: frozenset[Key]

    @classmethod
    def by_groups(cls, place: tuple[int, int, int], faces: Sequence[Face], tested: set[int]) -> Draw:
        """All faces of these groups test, all others train."""
        return cls(
            *place,
            trains=frozenset(face.key for face in faces if face.group not in tested),
            tests=frozenset(face.key for face in faces if face.group in tested),
        )


def draws_of(faces: Sequence[Face], protocol: Protocol) -> Iterator[Draw]:
    """All draws, by repeat and fold.

    Args:
        faces: of everybody who takes part, sorted by key.

    Raises:
        DatasetError: the faces are too few for the protocol.
    """
    kinds = {"holdout": _holdout, "kfold": _kfold, "k-shot": _k_shot}
    for repeat in range(protocol.repeats):
        try:
            yield from kinds[protocol.kind](faces, protocol, repeat, (protocol.seed + repeat) % 2**32)
        except ValueError as fault:
            people = len({face.label for face in faces})
            raise DatasetError(
                f"{len({face.group for face in faces})} photos of {people} people cannot be split at "
                f"protocol.test_share = {protocol.test_share}, protocol.folds = {protocol.folds}: {fault}",
                "Change protocol.test_share or protocol.folds, or add photos.",
            ) from fault


def strangers_of(labels: Sequence[str], protocol: Protocol, turn: int) -> dict[str, str]:
    """The people who are never trained in this draw: label to role, `calibrate` or `unknown`; at least one of each.

    Args:
        labels: of everybody who takes part, sorted.

    Raises:
        DatasetError: fewer than two known people would remain.
    """
    if not protocol.unknown_share:
        return {}
    count = max(2, round(protocol.unknown_share * len(labels)))
    if len(labels) - count < 2:
        raise DatasetError(
            f"Of {len(labels)} people with enough photos {count} would be unknown, and fewer than two known",
            "Lower protocol.unknown_share, or add people.",
        )
    circle = random.Random(f"strangers {protocol.seed}").sample(labels, len(labels))  # noqa: S311 - no secret
    chooses = min(count - 1, max(1, round(protocol.calibrate_share * count)))
    tests = count - chooses  # the circle moves on by those who test: each draw is tested by other people
    drawn = [circle[(turn * tests + place) % len(circle)] for place in range(count)]
    return {label: "unknown" if place < tests else "calibrate" for place, label in enumerate(drawn)}


def _holdout(faces: Sequence[Face], protocol: Protocol, repeat: int, seed: int) -> Iterator[Draw]:
    yield Draw.by_groups((repeat, 0, repeat), faces, _tested(faces, protocol, seed))


def _tested(faces: Sequence[Face], protocol: Protocol, seed: int) -> set[int]:
    groups, people = [face.group for face in faces], [face.label for face in faces]
    return holdout_groups(groups, people, protocol.test_share, seed)


def _kfold(faces: Sequence[Face], protocol: Protocol, repeat: int, seed: int) -> Iterator[Draw]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    names = labels_of_groups([face.group for face in faces], [face.label for face in faces])
    poorest = min(len(groups) for groups in groups_of_people(faces).values())
    if poorest >= protocol.folds and not _shared(faces):
        numbers = sorted(names)
        folds = StratifiedKFold(protocol.folds, shuffle=True, random_state=seed)
        parts = [{numbers[i] for i in rows} for _, rows in folds.split(numbers, [min(names[each]) for each in numbers])]
    else:
        every = [face.group for face in faces]
        mixed = StratifiedGroupKFold(protocol.folds, shuffle=True, random_state=seed)
        parts = [{every[i] for i in rows} for _, rows in mixed.split(every, [face.label for face in faces], every)]
    for fold, tested in enumerate(parts):
        yield Draw.by_groups((repeat, fold, repeat * protocol.folds + fold), faces, tested)


def _k_shot(faces: Sequence[Face], protocol: Protocol, repeat: int, seed: int) -> Iterator[Draw]:
    tested = _tested(faces, protocol, seed) if _shared(faces) else _tested_by_person(faces, protocol, repeat)
    tests = {label: [face for face in own if face.group in tested] for label, own in _by_person(faces).items()}
    pools = {label: _pool(own, tested, protocol, repeat) for label, own in _by_person(faces).items()}
    for place, shots in enumerate(protocol.shots):
        able = [label for label, pool in pools.items() if len(pool) >= shots]
        if len(able) < 2:
            continue
        yield Draw(
            repeat,
            place,
            repeat,
            trains=frozenset(face.key for label in able for face in pools[label][:shots]),
            tests=frozenset(face.key for label in able for face in tests[label]),
        )


def _tested_by_person(faces: Sequence[Face], protocol: Protocol, repeat: int) -> set[int]:
    """Groups that test: `test_share` of a person's, fewer where that fills a larger number of shots, at least one."""
    tested: set[int] = set()
    for label, groups in groups_of_people(faces).items():
        fills = max((shots for shots in protocol.shots if shots < len(groups)), default=0)
        count = max(1, min(round(protocol.test_share * len(groups)), len(groups) - fills))
        tested.update(_shuffled(groups, protocol, repeat, label)[:count])
    return tested


def _pool(own: Sequence[Face], tested: set[int], protocol: Protocol, repeat: int) -> list[Face]:
    """One face of each group of a person that does not test, in the order in which they train."""
    first = {face.group: face for face in reversed(own) if face.group not in tested}
    order = _shuffled({face.group for face in own}, protocol, repeat, own[0].label)
    return [first[group] for group in order if group in first]


def _shuffled(groups: set[int], protocol: Protocol, repeat: int, label: str) -> list[int]:
    draw = random.Random(f"k-shot {protocol.seed} {repeat} {label}")  # noqa: S311 - a draw, not a secret
    return draw.sample(sorted(groups), len(groups))


def _shared(faces: Sequence[Face]) -> bool:
    """Whether a group has faces of several people."""
    names = labels_of_groups([face.group for face in faces], [face.label for face in faces])
    return any(len(each) > 1 for each in names.values())


def _by_person(faces: Sequence[Face]) -> Mapping[str, list[Face]]:
    found: defaultdict[str, list[Face]] = defaultdict(list)
    for face in faces:
        found[face.label].append(face)
    return dict(sorted(found.items()))


def groups_of_people(faces: Sequence[Face]) -> dict[str, set[int]]:
    """The groups of each person, by name."""
    return {label: {face.group for face in own} for label, own in _by_person(faces).items()}
