"""ONNX Runtime sessions on one thread."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from storage.errors import EngineError
from workers.faces.models.model_cache import converted
from workers.faces.models.quiet_libraries import quiet_libraries

PROVIDERS = ("CPUExecutionProvider",)
"""No other, where one is installed: it would give other bits under the same fingerprint."""


def load_session(model: Path | bytes) -> Any:
    """An inference session on one thread, since a worker process has one core.

    Args:
        model: the ONNX file, or its content.

    Raises:
        EngineError: it is not a model.
    """
    quiet_libraries()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Photos have all sizes: an arena would keep the memory of the largest for the life of the process.
    options.enable_cpu_mem_arena = False
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=PROVIDERS)
    except Exception as error:  # the runtime's errors have no other common base
        named = "the encoder" if isinstance(model, bytes) else model
        raise EngineError(f"ONNX Runtime cannot load {named}: {error}") from error


@functools.cache
def session_of(name: str) -> Any:
    """The session of a model in `model_files.MODEL_FILES`, one a process; raises `EngineError` as `converted` does."""
    return load_session(converted(name))
