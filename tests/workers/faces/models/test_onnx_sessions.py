"""The cache of converted models."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import EngineError
from workers.faces.models.onnx_sessions import cache_folder, converted, load_session


def test_threads_that_convert_together_leave_one_whole_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEUP_CACHE", str(tmp_path / "cache"))
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: converted("blaze"), range(4)))
    assert len(set(paths)) == 1
    assert list((tmp_path / "cache").iterdir()) == [paths[0]]
    assert load_session(paths[0]).get_inputs()[0].shape == [1, "side", "side", 3]


def test_processes_that_convert_together_all_load_the_model(tmp_path: Path) -> None:
    script = (
        "from workers.faces.models.onnx_sessions import session_of; print(session_of('encoder').get_inputs()[0].shape)"
    )
    environment = {**os.environ, "LINEUP_CACHE": str(tmp_path / "cache")}
    started = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=200)[0].strip() for process in started]
    assert said == ["['faces', 150, 150, 3]"] * 4
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".onnx"]


def test_converting_again_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for name in ("one", "two"):
        monkeypatch.setenv("LINEUP_CACHE", str(tmp_path / name))
        made.append(converted("mmod").read_bytes())
    assert made[0] == made[1]


def test_a_damaged_model_is_named_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "encoder-0123.onnx"
    path.write_bytes(b"half a model")
    with pytest.raises(EngineError, match=r"encoder-0123\.onnx is damaged"):
        load_session(path)
    assert not path.exists()


def test_the_environment_sets_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEUP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/lineup")
    monkeypatch.setenv("LINEUP_CACHE", "/elsewhere")
    assert cache_folder() == Path("/elsewhere")


def test_an_unwritable_cache_is_an_error_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("LINEUP_CACHE", str(in_the_way))
    with pytest.raises(EngineError, match="LINEUP_CACHE"):
        converted("blaze")
