"""The operating point of hand-made scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from storage.finding_schemas import OPERATING_POINTS
from storage.parts import table_of
from storage.schemas import SCORES
from workers.compare.answers import answers_of
from workers.compare.encoder_scale import EncoderScale
from workers.compare.operating_points import MOST_TURNED_AWAY, OperatingPoint, operating_point, operating_points
from workers.compare.people_interval import people_interval

SCALE = EncoderScale(prior=0.0, weight=0, centre=0.5, width=0.1)
"""The data alone choose the threshold."""


def face(who: str, number: int, known: float, stranger: float | None, **more: Any) -> dict[str, Any]:
    """A row of SCORES whose distances are given; named rightly unless `named` says otherwise."""
    named = more.pop("named", who)
    row = {
        "configuration": "knn-1", "repeat": 0, "fold": 0, "photo_key": f"{who}{number}", "face_index": 0,
        "role": "test", "truth": who, "predicted": named, "top_labels": [named], "top_scores": [0.9],
        "truth_probability": 0.5, "known_score": -known,
        "stranger_score": None if stranger is None else -stranger,
    }  # fmt: skip
    return {**row, **more}


def point(rows: list[dict[str, Any]], scale: EncoderScale = SCALE) -> OperatingPoint:
    return operating_point("knn-1", answers_of(table_of(rows, SCORES)), scale)


def three_people(away: float = 0.2, stranger: float = 0.8) -> list[dict[str, Any]]:
    """Known faces at 0.2, strangers at 0.8; ada's first face at `away` and, as a stranger, at `stranger`."""
    rows = [face(who, number, 0.2, 0.8) for who in ("ada", "bo", "cy") for number in range(4)]
    rows[0] = face("ada", 0, away, stranger)
    return rows


def test_where_nothing_overlaps_everybody_is_named_and_no_stranger_let_in() -> None:
    found = point(three_people())
    assert found.threshold == pytest.approx(-0.5)
    assert found.threshold_likeness == pytest.approx(50)
    assert (found.known_named, found.turned_away, found.strangers_in) == (1, 0, 0)
    assert (found.known_faces, found.known_people, found.stranger_faces, found.stranger_people) == (12, 3, 12, 3)
    assert (found.known_low, found.known_high) == people_interval(np.ones(12), np.repeat(["ada", "bo", "cy"], 4))
    assert not found.turns_away_its_own


def test_a_face_beyond_the_threshold_is_turned_away_and_its_person_is_the_worst() -> None:
    found = point(three_people(away=0.9))
    assert found.turned_away == pytest.approx(1 / 12)
    assert found.known_named == pytest.approx(11 / 12)
    assert (found.worst_person, found.worst_turned_away, found.worst_faces) == ("ada", 1.0, 4)


def test_a_stranger_within_the_threshold_is_let_in() -> None:
    assert point(three_people(stranger=0.3)).strangers_in == pytest.approx(1 / 12)


def test_an_accepted_face_with_a_wrong_name_is_neither_named_nor_turned_away() -> None:
    rows = three_people()
    rows[0] = face("ada", 0, 0.2, 0.8, named="bo")
    found = point(rows)
    assert found.known_named == pytest.approx(11 / 12)
    assert found.turned_away == 0


def test_a_persons_own_faces_do_not_choose_the_threshold_at_which_they_are_counted() -> None:
    """The face at 0.55 alone would move the gap; by the others' threshold, 0.5, it is turned away."""
    found = point(three_people(away=0.55))
    assert found.threshold == pytest.approx(-(0.55 + 0.8) / 2)
    assert found.turned_away == pytest.approx(1 / 12)


def test_repeats_of_a_face_are_averaged_and_never_counted_as_faces() -> None:
    again = [{**row, "repeat": 1} for row in three_people(away=0.9)]
    found = point(three_people() + again)
    assert found.known_faces == 12
    assert found.turned_away == pytest.approx(0.5 / 12)
    assert found.worst_turned_away == pytest.approx(0.5)


def test_calibrate_faces_choose_and_unknown_faces_test() -> None:
    strangers = [
        face("dot", 0, 0.4, None, role="calibrate", named="ada"),
        face("eve", 0, 0.25, None, role="unknown", named="ada"),
        face("eve", 1, 0.6, None, role="unknown", named="ada"),
    ]
    found = point(three_people() + strangers)
    assert found.threshold == pytest.approx(-0.3)
    assert found.strangers_in == pytest.approx(1 / 14)
    assert (found.stranger_faces, found.stranger_people) == (14, 4)
    assert found.rule.endswith("and on strangers kept apart (1 face, 1 person)")


def test_who_is_known_in_one_split_and_a_stranger_in_another_is_one_person() -> None:
    elsewhere = [face("ada", number, 0.3, None, role="unknown", fold=1, named="bo") for number in range(4)]
    found = point(three_people() + elsewhere)
    assert (found.stranger_faces, found.stranger_people) == (12, 3)
    assert found.strangers_in == pytest.approx(0.5 * 4 / 12)


def test_a_model_that_turns_away_more_than_the_stated_share_says_so() -> None:
    rows = [face(who, n, 0.2 if n < 9 else 0.9, 0.8) for who in ("ada", "bo") for n in range(10)]
    assert not point(rows).turns_away_its_own  # exactly MOST_TURNED_AWAY
    rows += [face("cy", n, 0.2 if n < 8 else 0.9, 0.8) for n in range(10)]
    assert (point(rows).turned_away or 0) > MOST_TURNED_AWAY
    assert point(rows).turns_away_its_own


def test_without_a_stranger_and_a_prior_there_is_no_threshold() -> None:
    found = point([face("ada", 0, 0.2, None)])
    assert (found.threshold, found.turned_away, found.known_faces) == (None, None, 0)
    assert not found.turns_away_its_own
    prior = EncoderScale(prior=0.56, weight=6, centre=0.56, width=0.03)
    alone = point([face("ada", 0, 0.2, None)], prior)
    assert (alone.threshold, alone.turned_away, alone.strangers_in) == (-0.56, 0, None)


def test_every_configuration_has_a_row() -> None:
    rows = three_people() + [{**row, "configuration": "svm"} for row in three_people(away=0.9)]
    table = operating_points(table_of(rows, SCORES), {"svm": SCALE, "knn-1": SCALE})
    assert table.schema.equals(OPERATING_POINTS)
    assert isinstance(table, pa.Table)
    assert table["configuration"].to_pylist() == ["knn-1", "svm"]
    assert table["turned_away"].to_pylist() == pytest.approx([0, 1 / 12])
