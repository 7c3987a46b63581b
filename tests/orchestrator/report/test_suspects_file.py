"""suspects.csv and its section of the page: hostile names harm nobody, and what a person wrote stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.dataset.csv_file import csv_rows, without_apostrophe
from orchestrator.report.material import ReportMaterial, no_findings
from orchestrator.report.page import render_page
from orchestrator.report.suspected_labels import SUSPECTS_SHOWN, suspected_labels
from orchestrator.report.suspects_file import COLUMNS, SUSPECTS_CSV, suspects_csv, suspects_sentence, write_suspects
from storage.finding_schemas import SUSPECTS
from tests.orchestrator.report.conftest import PEOPLE


def a_suspect(rank: int = 1, key: str = "00000000", **told: Any) -> dict[str, Any]:
    row = {"rank": rank, "photo_key": key, "face_index": 0, "path": f"{key}.jpg", "label": PEOPLE[0]}
    row |= {"suggested": PEOPLE[1], "margin": 0.25, "own_distance": 0.75, "other_distance": 0.5}
    row |= {"nearest_own": ["01010101"], "nearest_own_face": [0], "nearest_other": ["10101010", "gone"]}
    return {**row, "nearest_other_face": [0, 0], "reason": "like <b>", **told}


def suspects(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SUSPECTS)


def test_hostile_names_are_no_formulas_and_come_back_as_they_were(tmp_path: Path) -> None:
    names = {"path": "=cmd|' /C calc'!A0/1.jpg", "label": "@ada", "suggested": "-bob"}
    write_suspects(tmp_path, suspects({**a_suspect(), **names}), {})
    ((_, row),) = csv_rows(tmp_path / SUSPECTS_CSV, COLUMNS)
    assert [row[name] for name in names] == [f"'{text}" for text in names.values()]
    assert {name: without_apostrophe(row[name]) for name in names} == names


def test_the_action_is_empty_and_the_neighbours_are_paths() -> None:
    content = suspects_csv(suspects(a_suspect()), {"01010101": "ada/1.jpg"}).decode("utf-8-sig")
    head, row = content.splitlines()
    assert head == ",".join(COLUMNS)
    assert row == (
        '00000000.jpg,ada,<script>alert(1)</script>,,like <b>,0.25,0.75,0.5,ada/1.jpg,10101010; gone'
    )  # fmt: skip


def test_a_photo_with_two_suspected_faces_has_one_row() -> None:
    table = suspects(a_suspect(1), a_suspect(2, face_index=1))
    assert len(suspects_csv(table, {}).splitlines()) == 2
    assert suspects_sentence(table) == "1 photo may carry the wrong name: see suspects.csv."


def test_nothing_is_written_or_said_where_there_is_no_suspect(tmp_path: Path) -> None:
    write_suspects(tmp_path, suspects(), {})
    assert list(tmp_path.iterdir()) == []
    assert suspects_sentence(suspects()) == ""


def test_a_file_that_somebody_has_filled_in_is_kept(tmp_path: Path) -> None:
    file = tmp_path / SUSPECTS_CSV
    write_suspects(tmp_path, suspects(a_suspect()), {})
    empty = file.read_bytes()
    for written in (b",relabel,", b",rellabel,"):
        file.write_bytes(empty.replace(b",,", written))
        write_suspects(tmp_path, suspects(a_suspect()), {})
        assert written in file.read_bytes()
    file.write_bytes(empty.replace(b"0.75", b"0.8"))
    write_suspects(tmp_path, suspects(a_suspect()), {})
    assert file.read_bytes() == empty


def test_the_page_shows_the_face_beside_the_nearest_of_both_people(material: ReportMaterial) -> None:
    table = suspects(a_suspect())
    section = suspected_labels(material.catalog, material.pictures, table)
    (face,) = section.faces
    assert face.picture.startswith("data:image/jpeg;base64,")
    assert (len(face.own), len(face.other)) == (1, 1)  # of a face that is not there, nothing is shown
    page = render_page(replace(material, findings={**no_findings(), "suspects": table}))
    assert page.count(face.picture) >= 1
    assert page.count(face.other[0]) >= 1
    assert "like &lt;b&gt;" in page
    assert "nearest of &lt;script&gt;alert(1)&lt;/script&gt;, 0.50 away" in page
    assert "None of them is corrected." in page


def test_a_page_without_suspects_has_no_such_section(material: ReportMaterial) -> None:
    assert "<h2>Labels</h2>" not in render_page(material)


def test_of_very_many_suspects_the_first_are_shown(material: ReportMaterial) -> None:
    table = suspects(*(a_suspect(rank) for rank in range(1, SUSPECTS_SHOWN + 6)))
    section = suspected_labels(material.catalog, material.pictures, table)
    assert (len(section.faces), section.hidden) == (SUSPECTS_SHOWN, 5)
