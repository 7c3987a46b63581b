"""Room for a part is known before a part is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import free_space
from storage.errors import StoreError
from storage.free_space import check_room, probe


def test_a_probe_below_a_file_is_the_stores_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError, match="cannot write"):
        probe(tmp_path / "store")


def test_a_probe_of_a_good_folder_leaves_nothing(tmp_path: Path) -> None:
    probe(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_with_room_is_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_space, "probe", lambda _: pytest.fail("wrote a probe"))
    check_room(tmp_path)


def test_a_disk_that_seems_to_have_no_room_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_space, "PROBE_BYTES", 2**62)
    asked: list[Path] = []
    monkeypatch.setattr(free_space, "probe", asked.append)
    check_room(tmp_path)
    assert asked == [tmp_path]
