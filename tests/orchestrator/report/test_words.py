"""The answer never says more than the numbers."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.material import ReportMaterial
from orchestrator.report.method import protocol
from orchestrator.report.words import answer
from storage.schemas import COMPARISON
from tests.orchestrator.report.conftest import Row, compare, compared, table


def say(material: ReportMaterial, *rows: Row) -> str:
    return " ".join(answer(replace(material, comparison=compare(*rows))))


def test_practical_equality_is_taken_from_the_table(material: ReportMaterial) -> None:
    text = say(
        material,
        compared("a", 1, 0.9, 0.85, 0.95, practically_equal_to=["b"]),
        compared("b", 2, 0.89, 0.8, 0.95),
    )
    assert "Practically the same as it: b." in text
    assert "apart" not in text


def test_equal_counts_are_called_a_tie_not_a_win(material: ReportMaterial) -> None:
    text = say(material, compared("a", 1, 0.9, 0.85, 0.95, decided_by="name"), compared("b", 1, 0.9, 0.85, 0.95))
    assert "Use a: two methods name 108 of 120 test faces" in text
    assert "As many test faces are named by b. What decided: of equals, it is the first by name." in text


def test_the_rule_and_the_warning_of_celebrities_are_always_there(material: ReportMaterial) -> None:
    first, rule, *_, last = answer(replace(material, comparison=compare(compared("a", 1, 0.9, 0.85, 0.95))))
    assert first.startswith("Use a:")
    assert rule.startswith("The rule: the most test faces")
    assert "trained on public photos of celebrities" in last


def test_the_licence_of_sface_is_stated_where_it_competes(material: ReportMaterial) -> None:
    assert "Apache-2.0" not in say(material, compared("a", 1, 0.9, 0.85, 0.95))
    for name in ("a@sface", "a@dlib+sface"):
        text = say(material, compared(name, 1, 0.9, 0.85, 0.95))
        assert "licence Apache-2.0. Its training photos are not documented" in text


def test_no_interval_means_no_word_of_certainty(material: ReportMaterial) -> None:
    text = say(material, compared("a", 1, 0.9, None, None), compared("b", 2, 0.6, None, None))
    assert "interval" not in text


def test_a_lone_configuration_wins_over_nobody(material: ReportMaterial) -> None:
    assert "nothing to compare it with" in say(material, compared("a", 1, 0.9, 0.85, 0.95))


def test_few_test_faces_are_said_to_be_few(material: ReportMaterial) -> None:
    assert "few test faces" in say(material, compared("a", 1, 0.9, 0.5, 0.95, test_faces=10))


def test_nothing_scored_is_no_answer(material: ReportMaterial) -> None:
    assert answer(replace(material, comparison=COMPARISON.empty_table()))[0].startswith("No configuration")


def test_the_protocol_warns_when_equal_photos_straddle_a_split(material: ReportMaterial) -> None:
    place = {"repeat": 0, "fold": 0, "face_index": 0, "label": "ada", "group": 1}
    rows = [{**place, "photo_key": "a", "role": "train"}, {**place, "photo_key": "b", "role": "test"}]
    assert any("Beware: 1 groups" in line for line in protocol(replace(material, splits=table("splits", rows))))
    assert not any("Beware" in line for line in protocol(material))


def test_what_the_test_faces_choose_is_said(material: ReportMaterial) -> None:
    text = " ".join(protocol(material))
    assert "Every configuration was trained and tested on the same split; it holds " in text
    assert "The distances of the test faces also choose the threshold" in text
