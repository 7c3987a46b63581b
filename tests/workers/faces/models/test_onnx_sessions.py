"""ONNX Runtime sessions."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest

from storage.engine_settings import EngineSettings
from storage.errors import EngineError
from workers.faces.detect import detectors
from workers.faces.embed import face_encoder
from workers.faces.engine import load_engine
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.faces.models import onnx_sessions
from workers.faces.models.onnx_sessions import CUDA, PROCESSOR, PROVIDERS, load_session, session_of


def test_a_session_is_loaded_once_a_process() -> None:
    assert session_of("blaze") is session_of("blaze")


def test_the_memory_of_a_run_serves_the_next() -> None:
    session = session_of("encoder")
    chips = np.zeros((8, 150, 150, 3), np.uint8)
    session.run(None, {"chips": chips})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    session.run(None, {"chips": chips})
    pages = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert pages < 500  # the first layer alone takes 1,300 of 4 kB; 2,000 to 6,000 were seen


def test_no_other_processor_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    asked: list[object] = []
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **said: asked.append(said))
    load_session(b"")
    assert asked == [{"providers": ["CPUExecutionProvider"], "enable_fallback": 0}]


def test_a_file_that_is_no_model_is_an_engine_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(b"half a model")
    with pytest.raises(EngineError, match=r"odd\.onnx"):
        load_session(path)


def test_an_engine_on_cuda_has_its_own_fingerprint_and_the_others_keep_theirs() -> None:
    fingerprints = {engine_fingerprint(EngineSettings(provider=name)) for name in ("cpu", "cuda")}
    assert len(fingerprints) == 2
    assert "provider" not in EngineSettings(provider="cpu").plain()


def test_cuda_is_asked_for_where_the_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    asked: list[list[object]] = []

    class Session:
        def __init__(self, _source: object, _options: object, providers: list[object], enable_fallback: int) -> None:
            asked.append(providers)
            assert not enable_fallback

        def get_providers(self) -> list[str]:
            return [CUDA, PROCESSOR]

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, PROCESSOR])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(onnx_sessions, "lacks_cuda", str)
    load_session(b"", "cuda")
    assert asked == [PROVIDERS["cuda"]]
    assert asked[0][0][0] == CUDA  # type: ignore[index]


@pytest.mark.parametrize(
    ("available", "lacks", "used", "why"),
    [
        ([PROCESSOR], "", [], "has no CUDA"),
        ([CUDA, PROCESSOR], "the CUDA driver knows no device", [], "knows no device"),
        ([CUDA, PROCESSOR], "", [PROCESSOR], "could not start CUDA"),
    ],
)
def test_without_cuda_no_session_silently_uses_the_processor(
    available: list[str], lacks: str, used: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    class Session:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def get_providers(self) -> list[str]:
            return used

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(onnx_sessions, "lacks_cuda", lambda: lacks)
    with pytest.raises(EngineError, match=why):
        load_session(b"", "cuda")


def test_the_large_networks_alone_go_to_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    for module in (detectors, face_encoder):
        monkeypatch.setattr(module, "session_of", lambda name, provider="cpu": asked.append((name, provider)))
        for loader in (each for each in vars(module).values() if hasattr(each, "cache_clear")):
            loader.cache_clear()
    load_engine.__wrapped__(EngineSettings(provider="cuda"))
    assert set(asked) == {("blaze", "cpu"), ("mmod", "cuda"), ("encoder", "cuda")}
    for module in (detectors, face_encoder):
        for loader in (each for each in vars(module).values() if hasattr(each, "cache_clear")):
            loader.cache_clear()


@pytest.mark.parametrize(("fault", "raised"), [("runtime", EngineError), ("ours", ValueError)])
def test_a_cuda_device_that_fails_is_the_engine_s_fault_and_no_photo_s(
    fault: str, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime
    from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

    class Session:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def get_providers(self) -> list[str]:
            return [CUDA, PROCESSOR]

        def run(self, *_: object) -> None:
            raise RuntimeException("out of memory") if fault == "runtime" else ValueError("a bug")

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, PROCESSOR])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(onnx_sessions, "lacks_cuda", str)
    session = load_session(b"", "cuda")
    with pytest.raises(raised, match=r"out of memory|a bug"):
        session.run(None, {})
