"""Corrections: only lines with an action change labels, and a line that does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from orchestrator.dataset.catalog import build_catalog
from orchestrator.dataset.corrections import corrected_photos, corrections_sentence, forget_name
from orchestrator.dataset.summary import DatasetSummary
from storage.errors import DatasetError
from storage.schemas import EXCLUDED
from workers.compare.end_to_end import photos_of_people
from workers.synthetic.photo_folder import write_folder

HEAD = "path,label,suggested,action\n"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ada and ben, three photos each; ada's first is in ben's folder again under another name."""
    folder = tmp_path_factory.mktemp("people")
    write_folder(folder, people=2, photos=3, seed=1, side=64, processes=1)
    for person, name in zip(sorted(folder.iterdir()), ("ada", "ben"), strict=True):
        for number, photo in enumerate(sorted(person.iterdir())):
            photo.rename(photo.with_name(f"{number}.jpg"))
        person.rename(folder / name)
    (folder / "ben" / "again.jpg").write_bytes((folder / "ben" / "0.jpg").read_bytes())
    (folder / "ben" / "=1.jpg").write_bytes((folder / "ben" / "1.jpg").read_bytes() + b" ")
    return folder


def catalogued(people: Path, tmp_path: Path, lines: str) -> tuple[pa.Table, DatasetSummary]:
    file = tmp_path / "corrections.csv"
    file.write_text(HEAD + lines)
    return build_catalog(people, min_photos_per_person=1, corrections=[file])


def by_path(catalog: pa.Table) -> dict[str, tuple[str, str, str]]:
    return {row["path"]: (row["label"], row["outcome"], row["reason"]) for row in catalog.to_pylist()}


def test_a_confirmed_line_relabels_the_photo(people: Path, tmp_path: Path) -> None:
    catalog, summary = catalogued(people, tmp_path, "ada/0.jpg,ada,ben,relabel\nada/1.jpg,ada,ben,\n")
    assert by_path(catalog)["ada/0.jpg"] == ("ben", "ok", "relabelled from ada, as corrections.csv says")
    assert by_path(catalog)["ada/1.jpg"] == ("ada", "ok", "")
    assert "corrections.csv: 1 photo was relabelled. 1 row without an action changed nothing." in summary.sentences()


def test_later_corrections_build_on_earlier_ones(people: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(HEAD + "ada/0.jpg,ada,ben,relabel\nada/1.jpg,ada,ben,relabel\n")
    second.write_text(HEAD + "ada/1.jpg,ben,ada,leave-out\n")
    catalog, summary = build_catalog(people, min_photos_per_person=1, corrections=[first, second])
    assert by_path(catalog)["ada/0.jpg"][:2] == ("ben", "ok")
    assert by_path(catalog)["ada/1.jpg"][1] == EXCLUDED
    assert [line.split(":")[0] for line in summary.corrected] == ["first.csv", "second.csv"]
    with pytest.raises(DatasetError, match="Give the corrections of earlier runs before these"):
        build_catalog(people, corrections=[second])


def test_a_photo_that_is_left_out_counts_nowhere(people: Path, tmp_path: Path) -> None:
    catalog, summary = catalogued(people, tmp_path, "ada/0.jpg,ada,ben,leave-out\n")
    assert by_path(catalog)["ada/0.jpg"] == ("ada", EXCLUDED, "left out, as corrections.csv says")
    assert summary.refused == ()
    assert summary.people["ada"] == 2
    assert len(photos_of_people(catalog)["ada"]) == 2


def test_rows_without_an_action_change_nothing_and_that_is_said(people: Path, tmp_path: Path) -> None:
    catalog, summary = catalogued(people, tmp_path, "ada/0.jpg,ada,ben,\nada/1.jpg,ada,ben, \n")
    assert catalog == build_catalog(people)[0]
    assert "corrections.csv: 2 rows, none has an action: nothing is corrected." in summary.sentences()


def test_photos_with_the_same_bytes_are_corrected_together(people: Path, tmp_path: Path) -> None:
    catalog, summary = catalogued(people, tmp_path, "ben/0.jpg,ben,ada,relabel\n")
    assert by_path(catalog)["ben/again.jpg"] == ("ada", "ok", "relabelled from ben, as corrections.csv says")
    assert summary.conflicts == ()


def test_a_picture_under_two_names_takes_part_again_once_it_is_corrected(people: Path, tmp_path: Path) -> None:
    twice = people / "ada" / "twice.jpg"
    twice.write_bytes((people / "ben" / "2.jpg").read_bytes())
    try:
        before, _ = build_catalog(people)
        assert "takes no part" in by_path(before)["ben/2.jpg"][2]
        for line in ("ada/twice.jpg,ada,ben,relabel\n", "ada/twice.jpg,ada,ben,leave-out\n"):
            catalog, summary = catalogued(people, tmp_path, line)
            assert by_path(catalog)["ben/2.jpg"] == ("ben", "ok", "")
            assert summary.conflicts == ()
    finally:
        twice.unlink()


def test_a_path_that_a_spreadsheet_would_calculate_is_understood(people: Path, tmp_path: Path) -> None:
    catalog, _ = catalogued(people, tmp_path, "ben/=1.jpg,ben,ada,relabel\n")
    assert by_path(catalog)["ben/=1.jpg"][0] == "ada"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ada/9.jpg,ada,ben,relabel\n", "line 2: 'ada/9.jpg' is no photo of this folder"),
        ("../0.jpg,ada,ben,relabel\n", "line 2: '../0.jpg' is no photo of this folder"),
        ("ada/0.jpg,ada,ben,delete\n", "line 2: the action 'delete' is unknown. Write relabel or leave-out"),
        ("ada/0.jpg,ada,cid,relabel\n", "line 2: 'cid' in the column suggested is no person .* people are ada, ben"),
        ("ada/0.jpg,ada,,relabel\n", "line 2: '' in the column suggested is no person"),
        ("ada/0.jpg,ben,ada,relabel\n", "line 2: 'ada/0.jpg' has the label 'ada', not 'ben'"),
        ("ada/0.jpg,ada,ben,relabel\nada/0.jpg,ada,ben,leave-out\n", "line 3: 'ada/0.jpg' has two actions"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_by_its_number(
    people: Path, tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        catalogued(people, tmp_path, line)


def test_the_corrected_photos_are_listed_with_the_file_that_says_so(people: Path, tmp_path: Path) -> None:
    lines = "ada/0.jpg,ada,ben,relabel\nada/1.jpg,,,leave-out\n"
    photos = corrected_photos(catalogued(people, tmp_path, lines)[0])
    assert [photo[:2] for photo in photos] == [("ada/0.jpg", "ben"), ("ada/1.jpg", "ada")]
    assert corrections_sentence(photos) == "1 photo was relabelled and 1 photo was left out, as corrections.csv says."
    assert corrections_sentence([]) == ""


def test_the_name_of_an_erased_person_leaves_the_reason(people: Path, tmp_path: Path) -> None:
    catalog, _ = catalogued(people, tmp_path, "ada/0.jpg,ada,ben,relabel\n")
    rows = catalog.to_pylist()
    for row in rows:
        forget_name(row, "ada")
    assert [row["reason"] for row in rows if row["reason"]] == [
        "relabelled from another label, as corrections.csv says"
    ]
