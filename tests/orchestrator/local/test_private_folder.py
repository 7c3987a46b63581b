"""A private folder is new and its owner's only; those of dead processes are deleted, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from orchestrator.local.private_folder import PREFIX, QUEUES, WORK, PrivateFolder
from storage.errors import StoreError

DIE = """
import os
from orchestrator.local.private_folder import PrivateFolder
folder = PrivateFolder()
(folder.path / "appendonlydir").mkdir()
(folder.path / "appendonlydir" / "names").write_text("Ada")
os._exit(1)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of this test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_new_empty_and_private_and_goes_with_its_process() -> None:
    folder = PrivateFolder()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert list(folder.path.iterdir()) == []
    folder.delete()
    folder.delete()
    assert not folder.path.exists()


def test_the_folder_of_a_killed_process_goes_at_the_next_start_and_that_of_a_living_one_stays(temporary: Path) -> None:
    alive = PrivateFolder()
    subprocess.run([sys.executable, "-c", DIE], check=False)
    (dead,) = set(temporary.iterdir()) - {alive.path}
    assert (dead / QUEUES / "names").exists()
    new = PrivateFolder()
    assert {*temporary.iterdir()} == {alive.path, new.path}
    for each in (alive, new):
        each.delete()


def test_a_place_that_cannot_be_written_is_told(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "nowhere"))
    with pytest.raises(StoreError, match=r"cannot make a folder for temporary files.*TMPDIR"):
        PrivateFolder()


def test_a_folder_of_that_name_that_is_not_ours_stays(temporary: Path) -> None:
    photos, readable = temporary / f"{PREFIX}photos", temporary / f"{PREFIX}readable"
    photos.mkdir(mode=0o700)
    (photos / "ada.jpg").touch()
    readable.mkdir(mode=0o755)
    (readable / WORK).mkdir()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    PrivateFolder().delete()
    assert (photos / "ada.jpg").exists()
    assert (readable / WORK).exists()
    assert elsewhere.exists()
