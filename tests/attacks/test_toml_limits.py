"""A TOML file with absurd numbers, nesting or length is one clear error that names file and key, within seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.choose_run import read_experiment
from orchestrator.experiment.experiment_file import from_toml
from storage.engine_settings import EngineSettings, Limits
from storage.errors import ExperimentError, InputError
from storage.experiments import Experiment, Protocol
from storage.toml_text import MOST_BYTES, MOST_DEPTH, parse_toml
from workers.queue.configuration_files import choose_configuration
from workers.queue.environment import load_settings

SECONDS = 5.0
"""On a busy machine; each takes milliseconds."""

ABSURD = {
    "a billion": "1_000_000_000_000",
    "beyond 64 bits": "9223372036854775808",
    "minus beyond 64 bits": "-9223372036854775809",
    "5,000 digits": "1" + "0" * 5000,
    "1e400": "1e400",
    "-1e400": "-1e400",
    "infinity": "inf",
    "not a number": "nan",
    "a date": "2024-01-01",
    "a long list": "[" + "1," * 2000 + "]",
}

SHAPES = {
    "nested lists": "a = " + "[" * 10_000 + "]" * 10_000,
    "nested tables": "a = " + "{b = " * 10_000 + "1" + "}" * 10_000,
    "a long dotted key": ".".join("a" * 20_000) + " = 1",
    "a long table's name": "[" + ".".join("a" * 20_000) + "]",
    "a few levels too many": "[" + ".".join("a" * (MOST_DEPTH + 1)) + "]\nx = 1",
    "too many bytes": "# " + "x" * MOST_BYTES,
    "10,000 tables": "\n".join(f"[[{name}]]" for name in ["a"] * 10_000),
    "an unclosed string": 'a = "' + "\\" * 10_001,
}


def numbers() -> Iterator[tuple[str, str]]:
    """Table and key of every number of an experiment."""
    tables: list[tuple[str, Any]] = [
        ("", Experiment),
        ("protocol", Protocol),
        ("faces", EngineSettings),
        ("faces.limits", Limits),
    ]
    for table, kind in tables:
        plain = kind()
        for each in fields(kind):
            value = getattr(plain, each.name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield table, each.name
    yield "protocol", "shots"


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
def test_no_number_of_an_experiment_may_be_absurd(value: str) -> None:
    found = list(numbers())
    assert len(found) > 15
    for table, key in found:
        kind = 'kind = "k-shot"\n' if table == "protocol" else ""
        text = f"[{table}]\n{kind}{key} = {value}" if table else f"{key} = {value}"
        began = time.monotonic()
        with pytest.raises(ExperimentError) as caught:
            from_toml(text, "mine.toml")
        assert time.monotonic() - began < SECONDS
        said = str(caught.value)
        assert said.startswith("mine.toml: ")
        assert len(said) < 600
        if value is not ABSURD["5,000 digits"]:  # Python's parser refuses the whole file
            assert key in said


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
def test_no_parameter_of_a_configuration_may_be_absurd(value: str) -> None:
    text = f'configurations = ["svm-rbf"]\n[parameters.svm-rbf]\nC = {value}'
    if value == ABSURD["a billion"]:
        assert from_toml(text).parameters  # a penalty may be large
        return
    with pytest.raises(ExperimentError, match=r"^mine\.toml: .*(C|digits)"):
        from_toml(text, "mine.toml")


@pytest.fixture
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in [name for name in os.environ if name.startswith("LINEUP_")]:
        monkeypatch.delenv(name)
    load_settings.cache_clear()
    yield
    choose_configuration(None)
    load_settings.cache_clear()


@pytest.mark.usefixtures("_no_settings")
@pytest.mark.parametrize("key", ["processes", "photos_per_task", "flower_port"])
@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
def test_no_number_of_the_settings_may_be_absurd(key: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"{key} = {value}")
    choose_configuration(file)
    with pytest.raises(InputError, match=r"settings\.toml") as caught:
        load_settings()
    assert key in str(caught.value) or value is ABSURD["5,000 digits"]


@pytest.mark.usefixtures("_no_settings")
@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_a_file_of_an_absurd_shape_is_one_error_within_seconds(text: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ExperimentError, match=r"^mine\.toml: ") as caught:
        from_toml(text, "mine.toml")
    file = tmp_path / "settings.toml"
    file.write_text(text)
    choose_configuration(file)
    with pytest.raises(InputError, match=r"settings\.toml") as refused:
        load_settings()
    assert time.monotonic() - began < SECONDS
    assert max(len(str(caught.value)), len(str(refused.value))) < 600


@pytest.mark.parametrize("kind", ["pipe", "endless", "folder"])
def test_what_is_no_file_is_not_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "experiment.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(ExperimentError, match=r"experiment\.toml cannot be read"):
        read_experiment(path)


def test_an_ordinary_file_is_within_the_limits() -> None:
    assert parse_toml('[a.b]\nc = [1, 2.5, "x", true]\nd = {e = 9223372036854775807}')["a"]["b"]["c"][1] == 2.5
