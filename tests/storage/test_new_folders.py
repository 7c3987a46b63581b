"""A folder appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import StoreError
from storage.new_folders import new_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_when_the_block_ends(tmp_path: Path) -> None:
    with new_folder(tmp_path / "model") as building:
        (building / "a").write_text("a")
        assert not (tmp_path / "model").exists()
    assert names(tmp_path) == ["model"]
    assert (tmp_path / "model" / "a").read_text() == "a"


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "model") as building:
            (building / "a").write_text("a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(tmp_path) == []


def test_the_folder_that_was_there_first_stays(tmp_path: Path) -> None:
    for text in ("first", "second"):
        with new_folder(tmp_path / "model") as building:
            (building / "a").write_text(text)
    assert names(tmp_path) == ["model"]
    assert (tmp_path / "model" / "a").read_text() == "first"


def test_what_a_dead_builder_left_is_deleted_and_a_living_one_is_not(tmp_path: Path) -> None:
    dead = tmp_path / ".model.0123.building"
    dead.mkdir()
    (dead / "half").write_text("half")
    with new_folder(tmp_path / "model") as living, new_folder(tmp_path / "model") as second:
        (living / "a").write_text("a")
        assert not dead.exists()
        assert living.exists()
        assert second.exists()
    assert names(tmp_path) == ["model"]


def test_a_folder_that_cannot_be_written_is_the_stores_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"), new_folder(tmp_path / "file" / "model"):
        pass
