"""`make bench` without its peer: it says so, and measures Lineup alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import engine_table, face_recognition_setup
from benchmarks.bench import pipeline, side_by_side
from benchmarks.figures.outputs import bench as bench_figures
from benchmarks.photos import pictures
from workers.synthetic.photo_folder import write_folder


def test_an_unreachable_registry_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_recognition_setup, "FOLDER", tmp_path / "venv")
    nowhere = "http://127.0.0.1:9/simple"
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.setenv(name, nowhere)
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    found = face_recognition_setup.peer_python()
    assert isinstance(found, str)
    assert "could not be installed from the package registry" in found


@pytest.mark.slow
def test_lineup_alone_is_measured_into_the_documented_keys(tmp_path: Path) -> None:
    write_folder(tmp_path / "people", people=2, photos=4, seed=1, side=160, processes=1)
    photos = pictures((tmp_path / "people").rglob("*"))
    figures = side_by_side(photos, None, rounds=1)
    found: dict[str, Any] = {
        "machine": engine_table.machine(),
        "rounds": 1,
        "encoder": "openvino-bf16",
        "reduced_encoder": "openvino-bf16",
        "web_photos": "drawn photos",
        "faces_250": {**figures, "reduced": figures},
        "web": figures,
    }
    found |= pipeline(photos, photos, rounds=1)
    assert (figures["photos"], figures["face_recognition"], figures["ratio"]) == (8, None, None)
    assert figures["lineup"] > 0
    assert figures["steps_ms"].keys() == {"read", "detect", "landmarks", "align", "encode"}
    assert 0 < found["pipeline_efficiency"] < 2
    assert 100 < found["worker_rss_mb"] < 1000
    assert 20 < found["reader_rss_mb"] < 500
    assert json.loads(json.dumps(found)) == found
    drawn = engine_table.drawn(found)
    assert "–" in drawn
    assert "encoder openvino-bf16" in drawn.splitlines()[0]
    assert drawn.count("  openvino-bf16") == 2
    assert bench_figures(found).count("250 × 250, `openvino-bf16`") == 1
