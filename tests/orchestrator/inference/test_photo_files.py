"""Folders give their photos, and what else lies in them is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.inference.photo_files import photo_files
from storage.errors import InputError
from storage.outputs import OutputLedger


@pytest.fixture
def outputs(tmp_path: Path) -> OutputLedger:
    return OutputLedger(tmp_path / "ledger")


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_a_folder_gives_its_photos_and_those_of_its_folders_by_path(tmp_path: Path, outputs: OutputLedger) -> None:
    folder = made(tmp_path / "in", "b.jpg", "a/2.png", "a/1.HEIC", "a/deep/3", "c.txt", ".hidden.jpg", "@eaDir/b.jpg")
    (folder / "again").symlink_to(folder)
    (folder / "link.jpg").symlink_to(folder / "b.jpg")
    (folder / "loop").symlink_to(folder / "loop")
    found = photo_files([folder], outputs)
    names = [path.relative_to(folder).as_posix() for path in found.paths]
    assert names == ["a/1.HEIC", "a/2.png", "a/deep/3", "b.jpg", "link.jpg", "loop"]
    assert found.left_out == {"not a photo": 1, "hidden": 1, "@eaDir": 1, "link to a folder": 1}


def test_named_files_are_taken_as_they_are_and_once(tmp_path: Path, outputs: OutputLedger) -> None:
    folder = made(tmp_path / "in", "b.jpg", "note.txt")
    named = [folder / "note.txt", folder / "b.jpg", folder, tmp_path / "gone.jpg", folder / "b.jpg"]
    assert photo_files(named, outputs).paths == (folder / "note.txt", folder / "b.jpg", tmp_path / "gone.jpg")


def test_stores_and_copies_of_lineup_are_no_photos(tmp_path: Path, outputs: OutputLedger) -> None:
    folder = made(tmp_path / "in", "b.jpg", "store/store-id", "store/runs/a.jpg")
    outputs.write(folder / "named.jpg", b"a copy", ["ada"])
    found = photo_files([folder], outputs)
    assert found.paths == (folder / "b.jpg",)
    assert found.left_out == {"store of Lineup": 1, "copy that Lineup annotated": 1}


def test_a_folder_without_a_photo_is_said(tmp_path: Path, outputs: OutputLedger) -> None:
    with pytest.raises(InputError, match="has no photo"):
        photo_files([made(tmp_path / "in", "note.txt")], outputs)
