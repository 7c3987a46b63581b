"""The hold-out drawn again: how a configuration fares on other draws of the same faces.

A hold-out is one draw; another one may have another winner. Classical models are cheap, so each is fitted on further
draws too, and only its accuracy is kept. Networks are not: twenty trainings of one cost minutes or hours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.experiments import Protocol
from workers.learning.configurations import Configuration
from workers.learning.face_arrays import Faces
from workers.learning.face_chooser import FaceChooser
from workers.learning.families import FAMILIES
from workers.learning.fitted_model import fit_model
from workers.learning.fold import CannotFit
from workers.learning.seeds import seed_of

MOST_FACES = 300
"""Of known people; above it no further draw is made. One draw of few faces says little, and twenty are cheap: the
mission's nine classical methods take some 20 s of one core on 202 faces of 6 people, and 90 s on 400 of 40."""


def holdout_groups(groups: Sequence[int], people: Sequence[str], share: float, seed: int) -> set[int]:
    """The groups that test in a hold-out, stratified by person; the others train.

    scikit-learn's train_test_split over the groups. Where a group has faces of several people (a scene), the first
    fold of its StratifiedGroupKFold over the faces, whose share is the nearest to 1/2, 1/3, 1/4, ...

    Args:
        groups, people: of each face.
        share: of the groups that test.

    Raises:
        ValueError: too few groups for this share.
    """
    from sklearn.model_selection import StratifiedGroupKFold, train_test_split

    names = labels_of_groups(groups, people)
    if all(len(each) == 1 for each in names.values()):
        numbers = sorted(names)
        only = [next(iter(names[group])) for group in numbers]
        _, tested = train_test_split(numbers, test_size=share, stratify=only, random_state=seed)
        return set(tested)
    parts = max(2, min(round(1 / share), min(Counter(people).values())))
    folds = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    _, rows = next(folds.split(groups, people, groups))
    return {groups[row] for row in rows}


def labels_of_groups(groups: Sequence[int], people: Sequence[str]) -> dict[int, set[str]]:
    """The people of each group."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for group, person in zip(groups, people, strict=True):
        found[group].add(person)
    return dict(found)


def redraws(configuration: Configuration, protocol: Protocol, known_faces: int) -> range:
    """Numbers of the further draws on which this configuration is fitted; none where they cost too much."""
    wanted = protocol.kind == "holdout" and protocol.repeats == 1 and known_faces <= MOST_FACES
    return range(1, protocol.draws if wanted and not FAMILIES[configuration.family].network else 1)


def draw_accuracies(
    configuration: Configuration,
    faces: Faces,
    split_rows: Sequence[Mapping[str, Any]],
    protocol: Protocol,
    seed: int,
    chooser: FaceChooser | None = None,
) -> list[float | None]:
    """Accuracy on each further draw of a hold-out; null where the model cannot be fitted, or the faces not be drawn.

    The run's own draw is of all people. Without those who play the stranger there may be too few photos a person.

    Args:
        faces: all usable faces of the run.
        split_rows: rows of SPLITS of the run's own draw; the faces of known people are drawn again.
        seed: of the experiment; each draw has its own.
        chooser: of the policy `consistent`: it chooses anew among the faces of the photos that a draw trains on.
    """
    draws = redraws(configuration, protocol, sum(row["role"] in ("train", "test") for row in split_rows))
    if not draws:
        return []
    known = [row for row in split_rows if row["role"] in ("train", "test")]
    every = faces.batch(configuration.view)
    x = every[faces.rows((row["photo_key"], 0 if chooser else row["face_index"]) for row in known)]
    people, groups = [row["label"] for row in known], [row["group"] for row in known]
    found: list[float | None] = []
    for draw in draws:
        try:
            tested = holdout_groups(groups, people, protocol.test_share, (protocol.seed + draw) % 2**32)
        except ValueError:
            found.append(None)
            continue
        tests = np.asarray([group in tested for group in groups])
        labels = [person for person, test in zip(people, tests, strict=True) if not test]
        trains = every[faces.rows(_chosen(known, tests, chooser))] if chooser else x[~tests]
        try:
            model = fit_model(
                configuration, trains, labels, np.asarray(groups)[~tests], seed_of(seed, configuration.name, draw, 0)
            )
        except (CannotFit, np.linalg.LinAlgError):
            found.append(None)
            continue
        named = model.name(x[tests], model.predict_proba(x[tests]))
        truth = [person for person, test in zip(people, tests, strict=True) if test]
        found.append(float(np.mean([who == person for who, person in zip(named, truth, strict=True)])))
    return found


def _chosen(
    known: Sequence[Mapping[str, Any]], tests: npt.NDArray[np.bool_], chooser: FaceChooser
) -> list[tuple[str, int]]:
    """The face of each photo that trains, in their order."""
    train = [row for row, test in zip(known, tests.tolist(), strict=True) if not test]
    chosen = chooser.choose({row["photo_key"]: row["label"] for row in train})
    return [(row["photo_key"], chosen[row["photo_key"]].face_index) for row in train]
