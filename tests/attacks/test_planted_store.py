"""A store that came with the photos is not used, and its owner is told; the user's own is, without a question."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storage.open_store import open_store

LINEUP = Path(sys.executable).with_name("lineup")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The current folder: one of photos."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def lineup(here: Path, *arguments: str, cache: str = "cache", **settings: str) -> subprocess.CompletedProcess[str]:
    """A command of a user whose cache is new."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINEUP_")}
    folders = {"LINEUP_CACHE": str(here.parent / cache), "XDG_CONFIG_HOME": str(here.parent / "config")}
    return subprocess.run(
        [str(LINEUP), *arguments],
        cwd=here,
        env={**environment, **folders, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def planted(here: Path) -> Path:
    """A store that somebody else made, with a run."""
    store = open_store(here.parent / "theirs")
    (store / "runs" / "planted").mkdir(parents=True)
    (store / "runs" / "planted" / "run.json").write_text("{}")
    return store


@pytest.mark.parametrize("command", [("runs",), ("identify", "a.jpg"), ("run", "."), ("submit", "."), ("doctor",)])
def test_a_store_that_came_with_the_photos_is_not_used(here: Path, command: tuple[str, ...]) -> None:
    shutil.copytree(planted(here), here / "lineup-store")
    before = sorted(here.rglob("*"))
    done = lineup(here, *command)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "./lineup-store is there already, and not known to be yours" in line
    assert "LINEUP_STORE=lineup-store lineup runs" in line
    assert sorted(here.rglob("*")) == before


def test_a_link_that_leads_elsewhere_is_not_used_even_if_it_leads_to_the_user_s_own(here: Path) -> None:
    (here / "lineup-store").symlink_to(planted(here))
    assert lineup(here, "runs").returncode == 2
    other = here.parent / "other"
    other.mkdir()
    lineup(other, "doctor")
    (here / "lineup-store").unlink()
    (here / "lineup-store").symlink_to(other / "lineup-store")
    assert lineup(here, "runs").returncode == 2


def test_what_the_user_made_or_named_once_is_used_from_then_on(here: Path) -> None:
    assert lineup(here, "runs").returncode == 0
    assert not (here / "lineup-store").exists()
    lineup(here, "doctor")
    assert (here / "lineup-store" / "store-id").exists()
    assert lineup(here, "runs").returncode == 0
    assert lineup(here, "runs", cache="another user's").returncode == 2
    assert lineup(here, "runs", cache="another user's", LINEUP_STORE="lineup-store").returncode == 0
    assert lineup(here, "runs", cache="another user's").returncode == 0


def test_an_empty_folder_is_taken(here: Path) -> None:
    (here / "lineup-store").mkdir()
    assert lineup(here, "runs").returncode == 0


def test_a_cache_that_cannot_be_written_is_told(here: Path) -> None:
    (here.parent / "cache").write_text("")
    done = lineup(here, "doctor")
    assert "the next command will not know ./lineup-store as yours" in done.stderr
