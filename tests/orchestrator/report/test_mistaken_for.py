"""A mistake stands beside the training face that it was taken for."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.report.material import ReportMaterial
from orchestrator.report.mistaken_for import beside_training, mistaken_for
from orchestrator.report.people import hardest_faces
from tests.orchestrator.report.conftest import PEOPLE, table


def measured(material: ReportMaterial) -> ReportMaterial:
    """Its faces on a line, in the order of the table."""
    rows = [
        {**row, "embedding": [float(place)] * 128 if row["outcome"] == "ok" else None}
        for place, row in enumerate(material.faces.to_pylist())
    ]
    return replace(material, faces=table("faces", rows))


def test_it_is_the_nearest_training_face_of_the_name_that_was_given(material: ReportMaterial) -> None:
    lined = measured(material)
    face = ("1111" + "1111", 0)  # photo 1 of the second person: place 5; the first person's training faces are 0 and 2
    found = mistaken_for(lined.faces, lined.splits, {face: (0, 0, PEOPLE[0])})
    assert found == {face: ("02020202", 0)}


def test_the_page_shows_both_and_says_where_they_are(material: ReportMaterial) -> None:
    lined = measured(material)
    hard = hardest_faces(lined.catalog, lined.pictures, lined.scores)
    shown = beside_training(hard, lined)
    assert [each.truth for each in shown] == [each.truth for each in hard]
    assert all(each.beside.startswith("data:image/jpeg") for each in shown)
    assert {each.beside_path for each in shown} <= {f"{PEOPLE[0]}/{photo}.jpg" for photo in range(4)}


def test_without_embeddings_only_the_test_face_is_shown(material: ReportMaterial) -> None:
    shown = beside_training(hardest_faces(material.catalog, material.pictures, material.scores), material)
    assert shown
    assert {each.beside for each in shown} == {""}
