"""What the report shows of photos and people."""

from __future__ import annotations

import pyarrow as pa

from orchestrator.report.material import ReportMaterial
from orchestrator.report.people import confusions, duplicates, failures, hardest_faces, strips, worst_named
from storage.finding_schemas import COMPARISON_TABLES
from storage.schemas import EXCLUDED
from tests.orchestrator.report.conftest import PEOPLE, table


def test_a_photo_that_its_owner_leaves_out_gives_no_name_to_a_face(material: ReportMaterial) -> None:
    row = {**material.catalog.to_pylist()[0], "label": "another", "path": "0.jpg", "outcome": EXCLUDED}
    catalog = pa.concat_tables([table("catalog", [row]), material.catalog])
    assert [strip.label for strip in strips(catalog, material.faces, material.splits, material.pictures)] == sorted(
        PEOPLE
    )
    assert "0.jpg" not in {path for path, _, _ in failures(catalog, material.faces)}


def test_everybody_has_a_strip_with_all_faces_counted(material: ReportMaterial) -> None:
    found = strips(material.catalog, material.faces, material.splits, material.pictures)
    assert [(strip.label, strip.faces) for strip in found] == [(name, 4) for name in sorted(PEOPLE)]


def test_a_configuration_that_looks_at_no_face_finds_none_hard(material: ReportMaterial) -> None:
    everyone = set(material.scores.column("configuration").to_pylist())
    assert hardest_faces(material.catalog, material.pictures, material.scores, everyone) == []


def test_the_hardest_face_is_the_one_all_configurations_miss(material: ReportMaterial) -> None:
    worst = hardest_faces(material.catalog, material.pictures, material.scores)[0]
    assert (worst.truth, worst.instead, worst.wrong, worst.asked) == (PEOPLE[1], "ada", 3, 3)


def test_a_confusion_matrix_counts_every_test_face_once(material: ReportMaterial) -> None:
    matrix = confusions(material.scores, ["cnn-small"])[0]
    assert sum(map(sum, matrix.counts)) == 6
    assert matrix.largest == ((PEOPLE[2], "ada", 2), (PEOPLE[1], "ada", 2))


def test_failures_name_photo_and_reason(material: ReportMaterial) -> None:
    assert failures(material.catalog, material.faces) == [("ada/<b>torn.jpg", "unreadable", "ends after 14 kB <i>")]


def test_equal_bytes_are_one_group(material: ReportMaterial) -> None:
    assert duplicates(material.catalog) == [[("ada/0.jpg", "ada"), ("ada/again.jpg", "ada")]]


def test_the_people_whom_a_configuration_names_worst_come_first(material: ReportMaterial) -> None:
    rows = [
        {"configuration": name, "label": label, "faces": 2, "recall": recall, "low": 0.0, "high": 1.0}
        for name, recalls in (("knn-3", (1.0, 0.5, 0.0)), ("cnn-small", (0.0, 1.0, 1.0)))
        for label, recall in zip(PEOPLE, recalls, strict=True)
    ]
    worst = worst_named(pa.Table.from_pylist(rows, COMPARISON_TABLES["people"]), "knn-3")
    assert worst == [PEOPLE[2], PEOPLE[1], PEOPLE[0]]
    found = strips(material.catalog, material.faces, material.splits, material.pictures, worst[:2])
    assert [strip.label for strip in found] == worst
