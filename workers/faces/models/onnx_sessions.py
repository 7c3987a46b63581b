"""ONNX Runtime sessions: on one thread of the processor, or on a CUDA device where the engine's settings say so."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from storage.errors import EngineError
from workers.device import lacks_cuda
from workers.faces.models.model_cache import converted
from workers.faces.models.quiet_libraries import quiet_libraries

PROCESSOR = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"

PROVIDERS: dict[str, list[Any]] = {
    "cpu": [PROCESSOR],
    # no search for the fastest kernel, whose result differs from start to start, and no 19-bit products
    "cuda": [(CUDA, {"cudnn_conv_algo_search": "DEFAULT", "use_tf32": "0"}), PROCESSOR],
}
"""By `EngineSettings.provider`. With "cpu" no other, where one is installed: it would give other bits under the same
fingerprint. With "cuda" the processor takes what CUDA has no kernel for."""


def load_session(model: Path | bytes, provider: str = "cpu") -> Any:
    """An inference session; on one thread of the processor, since a worker process has one core.

    Args:
        model: the ONNX file, or its content.
        provider: of the `EngineSettings`.

    Raises:
        EngineError: it is not a model, or there is no CUDA device where it is to run on one.
    """
    quiet_libraries()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Photos have all sizes: an arena would keep the memory of the largest for the life of the process.
    options.enable_cpu_mem_arena = False
    options.use_deterministic_compute = provider == "cuda"
    if provider == "cuda":
        _check_cuda(onnxruntime)
    try:
        source = model if isinstance(model, bytes) else str(model)
        # without a fallback: after an error of CUDA it would go on with the processor, whose bits differ
        session = onnxruntime.InferenceSession(source, options, providers=PROVIDERS[provider], enable_fallback=0)
    except Exception as error:  # the runtime's errors have no other common base
        named = "the encoder" if isinstance(model, bytes) else model
        raise EngineError(f"ONNX Runtime cannot load {named}: {error}") from error
    if provider == "cpu":
        return session
    if CUDA not in session.get_providers():  # it would silently use the processor
        raise _without_cuda("ONNX Runtime could not start CUDA")
    return _OnCuda(session)


class _OnCuda:
    """A session whose errors are the device's, such as a lost device or full memory: no photo is to blame for them."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, *args: Any) -> Any:
        """As a session's; raises EngineError where the device does not compute."""
        try:
            return self._session.run(*args)
        except Exception as error:  # the runtime's errors have no other common base
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            hint = "Look at the device (nvidia-smi) and start the worker again"
            raise EngineError(f"the CUDA device does not compute: {error}", hint) from error


def _check_cuda(onnxruntime: Any) -> None:
    if CUDA not in onnxruntime.get_available_providers():
        raise _without_cuda("the ONNX Runtime that is installed here has no CUDA")
    why = lacks_cuda()
    if why:
        raise _without_cuda(why)
    onnxruntime.preload_dlls()  # CUDA's libraries, from NVIDIA's packages


def _without_cuda(why: str) -> EngineError:
    return EngineError(
        f'faces.provider is "cuda" and {why}',
        'Use a machine with a CUDA device and onnxruntime-gpu (docs/containers.md), or set faces.provider = "cpu"',
    )


@functools.cache
def session_of(name: str, provider: str = "cpu") -> Any:
    """The session of a model in `model_files.MODEL_FILES`, one a process.

    Raises `EngineError` as `converted` and `load_session` do.
    """
    return load_session(converted(name), provider)
