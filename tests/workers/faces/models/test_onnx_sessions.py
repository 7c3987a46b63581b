"""ONNX Runtime sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import EngineError
from workers.faces.models.onnx_sessions import load_session, session_of


def test_a_session_is_loaded_once_a_process() -> None:
    assert session_of("blaze") is session_of("blaze")


def test_no_other_processor_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    asked: list[object] = []
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, providers: asked.append(providers))
    load_session(b"")
    assert asked == [("CPUExecutionProvider",)]


def test_a_file_that_is_no_model_is_an_engine_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(b"half a model")
    with pytest.raises(EngineError, match=r"odd\.onnx"):
        load_session(path)
