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


def load_session(model: Path | bytes, provider: str = "cpu", keeps_memory: bool = True) -> Any:
    """An inference session; on one thread of the processor, since a worker process has one core.

    Args:
        model: the ONNX file, or its content.
        provider: of the `EngineSettings`.
        keeps_memory: whether what a run takes is kept for the next run of any session, since faulting it in anew
            takes time. Not for a network whose inputs may be many times as large as usual.

    Raises:
        EngineError: it is not a model, or there is no CUDA device where it is to run on one.
    """
    quiet_libraries()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = keeps_memory
    if keeps_memory:
        _register_arena()
        options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False  # a second block for each shape of input, and no time is saved
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


@functools.cache
def _register_arena() -> None:
    """One arena for all sessions of the process: they run one after the other, so it takes what the largest needs."""
    import onnxruntime

    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    defaults = {"max_mem": 0, "initial_chunk_size_bytes": -1, "max_dead_bytes_per_chunk": -1}
    as_requested = 1  # and no power of two
    settings = onnxruntime.OrtArenaCfg({**defaults, "arena_extend_strategy": as_requested})
    onnxruntime.create_and_register_allocator(memory, settings)


@functools.cache
def giving_back() -> Any:
    """Options of a run after which the arena is given back to the system: for a run that takes more than others."""
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


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
    return load_session(converted(name), provider, keeps_memory=name != "mmod")  # it takes photos of all sizes
