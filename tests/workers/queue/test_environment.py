"""Settings come from the environment, then from files; one that is not usable is named with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import InputError
from workers.queue.configuration_files import CONFIGURATION_FILE, choose_configuration
from workers.queue.environment import (
    Settings,
    load_settings,
    settings_environment,
    settings_from_current_folder,
)

OF_THE_CALLER = {"store", "broker_url", "broker_url_file", "broker_password_file", "flower_port"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder, and no settings in the environment or in the user's file."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LINEUP_{name.upper()}", raising=False)
    load_settings.cache_clear()
    yield tmp_path / "here"
    choose_configuration(None)
    load_settings.cache_clear()


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """The user's own file of settings, not yet written."""
    path = tmp_path / "config" / "lineup" / CONFIGURATION_FILE
    path.parent.mkdir(parents=True)
    return path


def test_without_any_all_is_local_and_private() -> None:
    settings = load_settings()
    assert (settings.store, settings.broker_url) == (Path("lineup-store"), "")
    assert settings.processes >= 1
    assert (settings.photos_per_task, settings.flower_port) == (0, 5555)
    assert (settings.log_level, settings.log_format) == ("INFO", "text")


def test_the_users_file_is_read_and_the_environment_wins(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users.write_text('store = "/data/lineup"\nprocesses = 3\nlog_format = "json"\n')
    monkeypatch.setenv("LINEUP_PROCESSES", "5")
    settings = load_settings()
    assert (settings.store, settings.processes, settings.log_format) == (Path("/data/lineup"), 5, "json")


def test_the_chosen_file_wins_over_the_one_here_which_wins_over_the_users(
    users: Path, folder: Path, tmp_path: Path
) -> None:
    users.write_text('store = "/users"\nprocesses = 3\nphotos_per_task = 3\nlog_level = "ERROR"')
    (folder / CONFIGURATION_FILE).write_text("processes = 4\nphotos_per_task = 4")
    (tmp_path / "chosen.toml").write_text('processes = 5\nbroker_url = "redis://host/0"')
    choose_configuration(tmp_path / "chosen.toml")
    settings = load_settings()
    assert (settings.processes, settings.photos_per_task, settings.log_level) == (5, 4, "ERROR")
    assert (settings.store, settings.broker_url) == (Path("/users"), "redis://host/0")
    assert settings_from_current_folder() == ["photos_per_task"]


def test_a_home_or_a_configuration_folder_that_is_not_usable_is_as_good_as_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "lineup").mkdir()
    (folder / "lineup" / CONFIGURATION_FILE).write_text('store = "/stranger"')
    for name, value in (("XDG_CONFIG_HOME", "."), ("HOME", "/")):
        monkeypatch.setenv(name, value)
    assert load_settings() == Settings()
    assert load_settings().store == Path("lineup-store")


def test_a_child_is_given_the_settings_of_the_file_here(folder: Path) -> None:
    (folder / CONFIGURATION_FILE).write_text('processes = 4\nlog_format = "json"')
    given = settings_environment()
    assert given.keys() == {f"LINEUP_{key.upper()}" for key in Settings.model_fields if key not in OF_THE_CALLER}
    assert (given["LINEUP_PROCESSES"], given["LINEUP_LOG_FORMAT"]) == ("4", "json")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEUP_PROCESSES", "")
    monkeypatch.setenv("LINEUP_BROKER_URL", "")
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINEUP_PROCESSES", "many"),
        ("LINEUP_PROCESSES", "0"),
        ("LINEUP_PHOTOS_PER_TASK", "-1"),
        ("LINEUP_PHOTOS_PER_TASK", "1001"),
        ("LINEUP_FLOWER_PORT", "70000"),
        ("LINEUP_LOG_LEVEL", "LOUD"),
        ("LINEUP_LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_is_not_usable_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as error:
        load_settings()
    assert str(error.value).startswith(name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("proceses = 3", "unknown key: 'proceses'. Did you mean 'processes'?"),
        ("processes = ", "not a TOML file"),
        ('log_level = "LOUD"', "log_level in ./lineup.toml is not usable"),
    ],
)
def test_a_faulty_file_is_named_with_what_is_wrong_in_it(folder: Path, text: str, words: str) -> None:
    (folder / CONFIGURATION_FILE).write_text(text)
    with pytest.raises(InputError) as error:
        load_settings()
    assert CONFIGURATION_FILE in str(error.value)
    assert words in str(error.value)


def test_variables_that_other_programs_of_ours_read_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEUP_CACHE", "models")
    monkeypatch.setenv("LINEUP_PHOTOS", "/photos")
    assert load_settings() == Settings()


def test_settings_do_not_change_under_a_process(folder: Path) -> None:
    before = load_settings()
    (folder / CONFIGURATION_FILE).write_text("processes = 77")
    assert load_settings() is before
