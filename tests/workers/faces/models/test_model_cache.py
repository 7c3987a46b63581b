"""The cache of converted models: nothing in it is loaded that Lineup did not write itself."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import EngineError
from workers.faces.models import model_cache
from workers.faces.models.model_cache import CONVERTED_SHA256, cache_folder, converted
from workers.faces.models.onnx_sessions import load_session


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("LINEUP_CACHE", str(folder))
    return folder


def test_threads_that_convert_together_leave_one_whole_model(cache: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        (path,) = set(pool.map(lambda _: converted("blaze"), range(4)))
    assert list(cache.iterdir()) == [path]
    assert load_session(path).get_inputs()[0].shape == [1, "height", "width", 3]


def test_processes_that_convert_together_all_load_the_model(cache: Path) -> None:
    script = (
        "from workers.faces.models.onnx_sessions import session_of; print(session_of('encoder').get_inputs()[0].shape)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script], env=os.environ, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=200)[0].strip() for process in started]
    assert said == ["['faces', 150, 150, 3]"] * 4
    assert [path.suffix for path in cache.iterdir()] == [".onnx"]


@pytest.mark.parametrize("name", CONVERTED_SHA256)
def test_a_conversion_gives_the_pinned_bytes_in_a_folder_of_ours_alone(name: str, cache: Path) -> None:
    assert hashlib.sha256(converted(name).read_bytes()).hexdigest() == CONVERTED_SHA256[name]
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_full_cache_is_read_and_not_converted_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = converted("mmod")
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(model_cache, "_convert", pytest.fail)
    assert converted("mmod") == first


@pytest.mark.parametrize("planted", [b"", b"half a model", "blaze"])
def test_a_file_with_other_bytes_is_never_loaded_and_is_made_again(planted: bytes | str, cache: Path) -> None:
    path = converted("mmod")
    assert path.parent == cache
    # another valid model is refused too: ONNX Runtime would load it without a complaint
    path.write_bytes(converted(planted).read_bytes() if isinstance(planted, str) else planted)
    assert converted("mmod") == path
    assert hashlib.sha256(path.read_bytes()).hexdigest() == CONVERTED_SHA256["mmod"]


def test_other_bytes_of_other_libraries_are_converted_at_every_start(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(CONVERTED_SHA256, "mmod", "0" * 64)
    path = converted("mmod")
    right = path.read_bytes()
    path.write_bytes(b"planted")
    assert converted("mmod").read_bytes() == right
    assert list(cache.iterdir()) == [path]
    assert "requirements.lock" in caplog.text


def test_a_folder_that_others_can_write_is_refused(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(EngineError, match=r"other users can write .*0777.* chmod 700"):
        converted("blaze")


def test_a_folder_of_another_user_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: cache.stat().st_uid + 1)
    with pytest.raises(EngineError, match=r"belongs to user .*LINEUP_CACHE"):
        converted("blaze")


def test_a_folder_that_others_can_only_read_becomes_ours_alone(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o755)
    converted("blaze")
    assert cache.stat().st_mode & 0o777 == 0o700


def test_the_environment_sets_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEUP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/lineup")
    monkeypatch.setenv("LINEUP_CACHE", "/elsewhere")
    assert cache_folder() == Path("/elsewhere")


def test_a_file_in_place_of_the_cache_is_an_error_with_a_hint(cache: Path) -> None:
    cache.write_text("")
    with pytest.raises(EngineError, match="LINEUP_CACHE"):
        converted("blaze")
