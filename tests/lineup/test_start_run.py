"""What `lineup.run` refuses before any work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

import lineup
from lineup import start_run
from storage.errors import DatasetError, ExperimentError, InputError
from workers.queue.environment import load_settings


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none"):
        lineup.run(tmp_path / "none", store=tmp_path / "store", progress=False)


def test_a_wrong_configuration_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="knn-1"):
        lineup.run(tmp_path, store=tmp_path / "store", configurations=["kn-1"], progress=False)


def test_an_experiment_may_be_a_dictionary_and_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"'sead'\. Did you mean 'seed'"):
        lineup.run(tmp_path, store=tmp_path / "store", experiment={"sead": 1}, progress=False)


def test_an_experiment_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"none\.toml cannot be read"):
        lineup.run(tmp_path, store=tmp_path / "store", experiment="none.toml", progress=False)


def test_no_processes_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="processes is 0"):
        lineup.run(tmp_path, store=tmp_path / "store", processes=0, progress=False)


def test_a_store_that_came_with_the_current_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lineup-store").mkdir()
    (tmp_path / "lineup-store" / "strange").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEUP_STORE", raising=False)
    with pytest.raises(InputError, match="may have come with the photos"):
        lineup.run(tmp_path, progress=False)


@pytest.mark.parametrize("progress", [True, False])
def test_settings_of_a_file_in_the_current_folder_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], progress: bool
) -> None:
    (tmp_path / "lineup.toml").write_text("processes = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEUP_PROCESSES", raising=False)
    logged: list[str] = []
    monkeypatch.setattr(start_run.logger, "info", logged.append)
    load_settings.cache_clear()
    try:
        with pytest.raises(DatasetError, match="none"):
            lineup.run("none", store=tmp_path / "store", progress=progress)
    finally:
        load_settings.cache_clear()
    told = "settings from ./lineup.toml: processes"
    assert logged == [told]
    assert capsys.readouterr().err.splitlines() == ([told] if progress else [])
