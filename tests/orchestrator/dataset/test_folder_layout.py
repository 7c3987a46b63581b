"""Who a person is in a folder: never a part of a data set, a store of Lineup, or a folder of a file server."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from orchestrator.dataset.catalog import build_catalog
from orchestrator.dataset.discovery import from_folder
from orchestrator.dataset.left_out import SYSTEM_FOLDERS
from storage.errors import DatasetError
from storage.open_store import open_store
from storage.outputs import store_outputs
from tests.orchestrator.dataset.test_summary import write_photos


def planted(root: Path, paths: Iterable[str]) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())
    return root


PEOPLE = ("ann/0.jpg", "ann/1.jpg", "bob/0.jpg", "bob/1.jpg")


@pytest.mark.parametrize(
    "parts",
    [("train", "test"), ("Training", "Validation", "testing"), ("train", "val"), ("train_set", "test_set"), ("train",)],
)
def test_the_folders_inside_the_parts_of_a_set_are_the_people(tmp_path: Path, parts: tuple[str, ...]) -> None:
    planted(tmp_path, (f"{part}/{path}" for part in parts for path in PEOPLE))
    (tmp_path / "readme.txt").write_text("")
    (tmp_path / ".git").mkdir()
    found = from_folder(tmp_path)
    assert {source.label for source in found.photos} == {"ann", "bob"}
    assert len(found.photos) == 4 * len(parts)
    assert "the folders inside are the people" in found.notes[0]
    assert all(part in found.notes[0] for part in parts)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (("train/0.jpg", "test/1.jpg"), "hold photos without a person"),
        (("train/ann/0.jpg", "train/1.jpg", "test/ann/2.jpg"), "hold photos without a person"),
        (("train/ann/0.jpg", "test/ann/1.jpg", "more/ann/2.jpg"), "beside more.*Name one part"),
    ],
)
def test_parts_that_cannot_be_used_are_refused(tmp_path: Path, paths: tuple[str, ...], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        from_folder(planted(tmp_path, paths))


def test_people_who_are_called_like_parts_are_people(tmp_path: Path) -> None:
    found = from_folder(planted(tmp_path, ("Val/0.jpg", "ann/0.jpg", "test/0.jpg")))
    assert {source.label for source in found.photos} == {"Val", "ann", "test"}
    assert found.notes == []


@pytest.mark.parametrize("name", sorted({"@eaDir", "$RECYCLE.BIN", "__MACOSX", ".thumbnails"} | SYSTEM_FOLDERS))
def test_folders_of_systems_are_nobody_at_any_depth(tmp_path: Path, name: str) -> None:
    planted(tmp_path, (*PEOPLE, f"{name}/0.jpg", f"ann/{name}/1.jpg", f"ann/deeper/{name}/ann/2.jpg"))
    found = from_folder(tmp_path)
    assert [source.path for source in found.photos] == list(PEOPLE)
    assert found.skipped == {"hidden" if name.startswith(".") else name: 3}


def test_what_lies_beside_the_people_is_counted_in_one_line(tmp_path: Path) -> None:
    beside = ("0.jpg", "readme", "ann/._0.jpg", "ann/.DS_Store", "ann/Thumbs.db", "@eaDir/ann/0.jpg")
    write_photos(tmp_path, {"ann/0.png": 1, "ann/1.png": 2, "bob/0.png": 3, "bob/1.png": 4})
    planted(tmp_path, beside)
    skipped = build_catalog(tmp_path)[1].sentences()[-1]
    assert skipped == "Skipped: 1 @eaDir, 2 beside the people's folders, 2 hidden, 1 not a photo."


def test_a_store_is_no_person_wherever_it_is_and_whoever_made_it(tmp_path: Path) -> None:
    planted(tmp_path, PEOPLE)
    open_store(tmp_path / "lineup-store")
    planted(tmp_path / "lineup-store", ("encodings/x/0.jpg", "runs/x/report/0.jpg"))
    planted(tmp_path / "before marks", ("encodings/x/0.jpg", "runs/x/report/0.jpg"))
    open_store(tmp_path / "ann" / "store")
    planted(tmp_path / "ann" / "store", ("0.jpg",))
    found = from_folder(tmp_path)
    assert [source.path for source in found.photos] == list(PEOPLE)
    assert found.skipped == {"store of Lineup": 3}
    with pytest.raises(DatasetError, match="is a store of Lineup"):
        from_folder(tmp_path / "lineup-store")


def test_annotated_copies_are_left_out_until_somebody_puts_a_photo_in_their_place(tmp_path: Path) -> None:
    outputs = store_outputs(tmp_path / "store")
    root = planted(tmp_path / "photos", PEOPLE)
    for copy in ("named/0.jpg", "ann/0-2.jpg", "ann/9.jpg"):
        outputs.write(root / copy, b"annotated")
    (root / "ann" / "9.jpg").write_bytes(b"a photo")
    found = from_folder(root, outputs)
    assert [source.path for source in found.photos] == ["ann/0.jpg", "ann/1.jpg", "ann/9.jpg", "bob/0.jpg", "bob/1.jpg"]
    assert found.skipped == {"copy that Lineup annotated": 2}
    assert found.empty == ["named"]


def test_people_one_level_deeper_are_told(tmp_path: Path) -> None:
    found = from_folder(planted(tmp_path, ("2023/ann/0.jpg", "2024/ann/1.jpg")))
    assert "such as 2023/ann/0.jpg, which counts for 2023" in found.notes[0]
    message = r"photos of 0 people.*If the inner folders are the people: lineup run .*/faces"
    with pytest.raises(DatasetError, match=message):
        build_catalog(planted(tmp_path / "one", ("faces/ann/0.jpg", "faces/bob/0.jpg")))
