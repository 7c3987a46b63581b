"""A lineup.toml that came with the photos cannot send them elsewhere, and cannot hang or break a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.queue.configuration_files import HARMLESS
from workers.queue.environment import Settings

LINEUP = Path(sys.executable).with_name("lineup")

VALUES = {
    "store": "'/tmp/stranger'",
    "broker_url": "'redis://:x@stranger:6379/0'",
    "broker_ca": "'/tmp/stranger.pem'",
    "broker_certificate": "'unverified'",
    "broker_prefix": "'stranger:'",
    "processes": "3",
    "photos_per_task": "2",
    "flower_port": "5556",
    "log_level": "'DEBUG'",
    "log_format": "'json'",
    "broker_url_file": "'/tmp/stranger-address'",
    "broker_password_file": "'/tmp/stranger-password'",
    "flower_password_file": "'/tmp/stranger-password'",
    "device": "'cuda'",
    "health_file": "'/tmp/stranger-health'",
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The current folder: one of photos."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def lineup(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that reads the settings and needs nothing else."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINEUP_")}
    return subprocess.run(
        [str(LINEUP), *arguments],
        cwd=here,
        env={**environment, "XDG_CONFIG_HOME": str(here.parent / "config")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_every_setting_is_tried() -> None:
    assert VALUES.keys() == Settings.model_fields.keys()


@pytest.mark.parametrize("key", sorted(set(Settings.model_fields) - set(HARMLESS)))
def test_what_could_send_data_elsewhere_is_refused_with_where_to_put_it(here: Path, key: str) -> None:
    (here / "lineup.toml").write_text(f"{key} = {VALUES[key]}")
    done = lineup(here, "runs")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"./lineup.toml may not set {key}" in line
    assert str(here.parent / "config" / "lineup" / "lineup.toml") in line
    assert f"LINEUP_{key.upper()}" in line
    assert {path.name for path in here.iterdir()} == {"lineup.toml"}


def test_what_is_harmless_counts_and_is_named(here: Path) -> None:
    (here / "lineup.toml").write_text("\n".join(f"{key} = {VALUES[key]}" for key in HARMLESS))
    done = lineup(here, "runs")
    assert done.returncode == 0
    assert f"settings from ./lineup.toml: {', '.join(HARMLESS)}" in done.stderr


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_file_that_the_user_chooses_may_set_all(here: Path, place: str) -> None:
    (here / "lineup.toml").write_text("\n".join(f"{key} = {value}" for key, value in VALUES.items()))
    option = ("--config", "lineup.toml")
    done = lineup(here, *((*option, "runs") if place == "before" else ("runs", *option)))
    assert "may not set" not in done.stderr
    assert done.returncode == 0


def test_a_chosen_file_that_is_not_there_is_an_error(here: Path) -> None:
    done = lineup(here, "--config", "nowhere.toml", "runs")
    assert (done.returncode, "nowhere.toml is not a file" in done.stderr) == (2, True)


def test_a_pipe_of_that_name_hangs_nobody(here: Path) -> None:
    os.mkfifo(here / "lineup.toml")
    assert lineup(here, "runs").returncode == 0


@pytest.mark.parametrize("text", ["a = " + "[" * 60_000, "# " + "x" * 100_000, "processes = 9" + "9" * 5000, "\0"])
def test_a_monstrous_file_is_an_error_in_one_line(here: Path, text: str) -> None:
    (here / "lineup.toml").write_text(text)
    done = lineup(here, "runs")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert len(done.stderr) < 500
