"""The operating point of a configuration: its threshold, and what the fitted model does at it.

    held-out known_score and stranger_score ──▶ threshold_rule ──▶ threshold, stored with the refitted model
                                            ──▶ cross-fitted over people: turned away, rightly named, strangers let in

Every known person plays the stranger in turn (`stranger_score`), so every run has these figures. The figures of a
person's faces are taken at a threshold that only other people's faces chose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.finding_schemas import OPERATING_POINTS
from workers.compare.answers import Answers, Outcomes, answers_of
from workers.compare.encoder_scale import EncoderScale
from workers.compare.metrics import Flags, Floats
from workers.compare.people_interval import people_interval
from workers.compare.threshold_rule import Distances, Numbers, unknown_above

MOST_TURNED_AWAY = 0.10
"""A model that turns away a larger share of its own people's faces is never recommended."""

PARTS = 50
"""People are left out one by one, or in so many parts where there are more of them."""


@dataclass(frozen=True)
class Share:
    """A share of faces with its 95 % interval, in which people are the unit; 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OperatingPoint:
    """A row of `storage.finding_schemas.OPERATING_POINTS`, which says what each column means."""

    configuration: str
    threshold: float | None
    threshold_likeness: float | None
    known_named: float | None
    known_low: float | None
    known_high: float | None
    turned_away: float | None
    turned_away_low: float | None
    turned_away_high: float | None
    strangers_in: float | None
    strangers_low: float | None
    strangers_high: float | None
    known_faces: int
    known_people: int
    stranger_faces: int
    stranger_people: int
    worst_person: str
    worst_turned_away: float
    worst_faces: int
    rule: str

    @property
    def turns_away_its_own(self) -> bool:
        """Whether the model turns away more of its own people's faces than MOST_TURNED_AWAY."""
        return self.turned_away is not None and self.turned_away > MOST_TURNED_AWAY


def operating_points(scores: pa.Table, scales: Mapping[str, EncoderScale]) -> pa.Table:
    """OPERATING_POINTS, a row a configuration that has scores, by name.

    Args:
        scores: SCORES of a run.
        scales: of the encoder of each configuration, by the configuration's name.
    """
    found = []
    for name in sorted(set(pc.unique(pc.cast(scores["configuration"], pa.string())).to_pylist())):
        mine = scores.filter(pc.equal(pc.cast(scores["configuration"], pa.string()), name))
        found.append(asdict(operating_point(name, answers_of(mine), scales[name])))
    return pa.Table.from_pylist(found, schema=OPERATING_POINTS)


def operating_point(name: str, answers: Answers, scale: EncoderScale) -> OperatingPoint:
    """The threshold and its figures. `calibrate` faces are strangers who choose, `unknown` faces strangers who test.

    Under strangers in turn a person is known in one split and one of these in another.
    """
    test, numbers = answers.test, _numbers(answers)
    known = _distances(test, test.known_score, numbers)
    strangers = _distances(test, test.stranger_score, numbers)[~np.isnan(test.stranger_score)]
    choosing = strangers + _distances(answers.calibrate, answers.calibrate.known_score, numbers)
    tested = strangers + _distances(answers.unknown, answers.unknown.known_score, numbers)
    chosen = unknown_above(known, choosing, scale)
    if chosen is None:
        return _empty(name)
    limit = chosen.distance
    limits = _left_out_limits(known, choosing, len(numbers.people), scale, limit)
    accepted = known.distance <= limits[known.people]
    away, named = _by_face(known, ~accepted), _by_face(known, accepted & (test.guess == test.truth))
    let_in = _by_face(tested, tested.distance <= limits[tested.people])
    worst, worst_away, worst_faces = _worst(*away, tuple(numbers.people))
    return OperatingPoint(
        name, -limit, scale.likeness(limit),
        *_share(*named), *_share(*away), *_share(*let_in),
        known_faces=len(away[0]), known_people=len(np.unique(away[1])),
        stranger_faces=len(let_in[0]), stranger_people=len(np.unique(let_in[1])),
        worst_person=worst, worst_turned_away=worst_away, worst_faces=worst_faces,
        rule=_rule(known, answers.calibrate) + chosen.words,
    )  # fmt: skip


def _left_out_limits(known: Distances, choosing: Distances, people: int, scale: EncoderScale, limit: float) -> Floats:
    """For each person, the threshold that the other people's faces choose; `limit` where they cannot. (people,)"""
    limits = np.full(people, limit)
    for part in np.array_split(np.arange(people), max(1, min(PARTS, people))):
        others = unknown_above(known[~np.isin(known.people, part)], choosing[~np.isin(choosing.people, part)], scale)
        if others is not None:
            limits[part] = others.distance
    return limits


@dataclass(frozen=True)
class _Numbers:
    """Numbers from 0 of all faces and all people, whatever their role; people by name."""

    faces: Mapping[tuple[str, int], int]
    people: Mapping[str, int]


def _numbers(answers: Answers) -> _Numbers:
    roles = answers.by_role().values()
    faces = dict.fromkeys(face for outcomes in roles for face in outcomes.faces)
    people = sorted({str(person) for outcomes in roles for person in outcomes.truth})
    return _Numbers({face: i for i, face in enumerate(faces)}, {person: i for i, person in enumerate(people)})


def _distances(outcomes: Outcomes, score: Floats, numbers: _Numbers) -> Distances:
    people = [numbers.people[person] for person in outcomes.truth]
    faces = [numbers.faces[face] for face in outcomes.faces]
    return Distances(-score, np.asarray(people, np.intp), np.asarray(faces, np.intp))


def _by_face(distances: Distances, events: Flags) -> tuple[Floats, Numbers]:
    """How often it happened to each distinct face, over its repeats, and who the face shows."""
    _, first, face = np.unique(distances.faces, return_index=True, return_inverse=True)
    rate = np.bincount(face, weights=events) / np.maximum(1, np.bincount(face))
    return np.asarray(rate, np.float64), distances.people[first]


def _share(events: Floats, people: Numbers) -> tuple[float | None, float | None, float | None]:
    if not len(events):
        return None, None, None
    return (float(np.mean(events)), *people_interval(events, people))


def _worst(events: Floats, people: Numbers, names: Sequence[str]) -> tuple[str, float, int]:
    """(name, faces turned away, faces) of the person of whom the largest share is turned away; the first by name."""
    if not len(events):
        return "", 0.0, 0
    who, person = np.unique(people, return_inverse=True)
    away, faces = np.bincount(person, weights=events), np.bincount(person)
    worst = int(np.argmax(np.round(away / faces, 9)))
    return names[who[worst]], float(away[worst]), int(faces[worst])


def _rule(known: Distances, calibrate: Outcomes) -> str:
    if not len(known.faces):
        return "without a held-out face"
    faces, people = len(np.unique(known.faces)), len(np.unique(known.people))
    words = f"chosen on {_said(faces, 'held-out face')} of {_people(people)}, each of whom plays the stranger"
    if calibrate.faces:
        apart, who = len(set(calibrate.faces)), len(set(calibrate.truth))
        words += f", and on strangers kept apart ({_said(apart, 'face')}, {_people(who)})"
    return words


def _said(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _empty(name: str) -> OperatingPoint:
    nothing = (None,) * 11
    return OperatingPoint(name, *nothing, 0, 0, 0, 0, "", 0.0, 0, rule="none: no held-out face could choose one")
