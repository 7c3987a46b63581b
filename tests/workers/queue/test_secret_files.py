"""Secrets come from files with all their characters, and no error shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from storage.errors import InputError
from workers.queue.broker_options import reader_options
from workers.queue.environment import Settings, load_settings
from workers.queue.secret_files import flower_password, read_secret, with_password

AWKWARD = "a/b@c:d %#?&=,;'\"\\$`ü€"


@pytest.fixture
def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No settings but those that the test makes."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LINEUP_{name.upper()}", raising=False)
    load_settings.cache_clear()
    return monkeypatch


def written(folder: Path, text: str) -> Path:
    path = folder / "secret"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_every_character_counts_but_the_last_line_break(tmp_path: Path, ending: str) -> None:
    assert read_secret(written(tmp_path, f" {AWKWARD} {ending}"), "X") == f" {AWKWARD} "


@pytest.mark.parametrize("text", ["", "\n", "two\nlines", "a\tb", "a\0b", "hunter2\x1b"])
def test_what_is_no_line_of_text_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"LINEUP_X: .*secret (is empty|holds)") as error:
        read_secret(written(tmp_path, text), "LINEUP_X")
    assert "hunter2" not in str(error.value)


def test_a_missing_file_and_one_of_bytes_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_secret(tmp_path / "none", "X")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8"):
        read_secret(tmp_path / "bytes", "X")


def test_a_password_of_any_characters_reaches_the_server_as_it_was_written(tmp_path: Path) -> None:
    url = with_password("redis://broker:6379/3", AWKWARD)
    options = reader_options(url, tmp_path, Settings(broker_prefix="x:"))
    parts = redis.Redis.from_url(options.url).connection_pool.connection_kwargs
    assert (parts["password"], parts["host"], parts["db"]) == (AWKWARD, "broker", 3)


def test_the_files_are_used_and_what_is_set_directly_wins(tmp_path: Path, settings_of: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("p@ss\n")
    (tmp_path / "url").write_text("redis://broker/1\n")
    settings_of.setenv("LINEUP_BROKER_PASSWORD_FILE", str(tmp_path / "password"))
    assert load_settings().broker_url == ""  # an embedded run needs none
    for direct, expected in (
        ("", "redis://:p%40ss@broker/1"),
        ("redis://other/2", "redis://:p%40ss@other/2"),
        ("redis://:own@other/2", "redis://:own@other/2"),
    ):
        settings_of.setenv("LINEUP_BROKER_URL_FILE", str(tmp_path / "url"))
        settings_of.setenv("LINEUP_BROKER_URL", direct)
        load_settings.cache_clear()
        assert load_settings().broker_url == expected


def test_a_password_that_flower_cannot_compare_is_refused(tmp_path: Path) -> None:
    assert flower_password(None) == ""
    assert flower_password(written(tmp_path, "a,b:c\n")) == "a,b:c"
    with pytest.raises(InputError, match="other characters than ASCII"):
        flower_password(written(tmp_path, "grün"))
