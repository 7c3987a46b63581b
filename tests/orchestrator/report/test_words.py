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


def test_overlapping_intervals_are_called_unsettled(material: ReportMaterial) -> None:
    text = say(material, compared("a", 1, 0.9, 0.85, 0.95), compared("b", 2, 0.88, 0.82, 0.92))
    assert "The interval of b overlaps" in text
    assert "wholly above" not in text


def test_a_clear_winner_is_called_clear(material: ReportMaterial) -> None:
    text = say(material, compared("a", 1, 0.9, 0.85, 0.95), compared("b", 2, 0.6, 0.5, 0.7))
    assert "wholly above that of every other configuration" in text


def test_practical_equality_is_taken_from_the_table(material: ReportMaterial) -> None:
    text = say(
        material,
        compared("a", 1, 0.9, 0.85, 0.95, practically_equal_to=["b"]),
        compared("b", 2, 0.9, 0.8, 0.95),
    )
    assert "Practically equal to it: b." in text
    assert "do not show" not in text


def test_equal_accuracy_is_called_level_not_won(material: ReportMaterial) -> None:
    text = say(material, compared("a", 1, 0.9, 0.85, 0.95), compared("b", 2, 0.9, 0.85, 0.95))
    assert "a ranks first, with the same accuracy as b" in text
    assert "the most test faces" not in text


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
