"""The import path of this process and of its children leaves the current folder out, and keeps what the user named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.local.import_path import ROOT, forget_current_folder, safe_environment


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is changed here is changed back."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    for name in ("PYTHONPATH", "PYTHONSAFEPATH", "LINEUP_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")


def test_pythonpath_keeps_its_absolute_entries_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("", "/plugins", ".", "lib", "/more")))
    assert safe_environment()["PYTHONPATH"] == "/plugins:/more"


@pytest.mark.parametrize("path", ["", ":", "here"])
def test_a_pythonpath_without_an_absolute_entry_is_as_good_as_none(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", path)
    assert safe_environment()["PYTHONPATH"] == ""


def test_folders_that_variables_name_are_absolute_for_a_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LINEUP_CACHE", "models")
    assert safe_environment()["LINEUP_CACHE"] == str(tmp_path / "models")
    assert "XDG_CACHE_HOME" not in safe_environment()


def test_this_process_forgets_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("lib", "/plugins")))
    sys.path[:] = [str(tmp_path), "", ROOT, str(tmp_path / "lib"), "/plugins"]
    forget_current_folder()
    assert sys.path == [ROOT, "/plugins"]
    assert (os.environ["PYTHONSAFEPATH"], os.environ["PYTHONPATH"]) == ("1", "/plugins")


def test_a_developer_in_the_project_itself_still_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    sys.path[:] = [ROOT, "/plugins"]
    forget_current_folder()
    assert sys.path == ["/plugins", ROOT]


def test_a_command_works_in_a_folder_that_was_deleted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    forget_current_folder()
    assert "" not in sys.path


def test_a_child_imports_nothing_from_its_working_folder(tmp_path: Path) -> None:
    (tmp_path / "celery").mkdir()
    (tmp_path / "celery" / "__init__.py").write_text("print('stranger')")
    code = "import sys, celery; print(celery.__file__)"
    environment = {**os.environ, **safe_environment()}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "stranger" not in done.stdout
