"""ONNX Runtime sessions, and the cache of converted models.

A network is converted once a machine. The ONNX file's name holds a hash of its source, and it appears by a rename:
workers that start together may all convert it and write the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import Any

from storage.errors import EngineError, StoreError
from workers.faces.models.model_files import model_digest, model_path

CONVERTER_VERSION = 3
"""Raise it with every change to what `graphs` or `tflite_files` write."""


def cache_folder() -> Path:
    """$LINEUP_CACHE, or lineup/ in $XDG_CACHE_HOME, or ~/.cache/lineup."""
    named = os.environ.get("LINEUP_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lineup"


def converted(name: str) -> Path:
    """Path of the ONNX file of a model in `model_files.MODEL_FILES`; converts the model where it is missing.

    Raises:
        EngineError: the model file is missing or damaged, or the cache folder cannot be written.
    """
    source = f"{CONVERTER_VERSION} {model_digest(name)}"
    path = cache_folder() / f"{name}-{hashlib.sha256(source.encode()).hexdigest()[:16]}.onnx"
    if not path.is_file():
        _write_cache(path, _convert(name))
    return path


def load_session(path: Path) -> Any:
    """An inference session on one thread, since a worker process has one core.

    Raises:
        EngineError: the file is not a model; it is removed, so that the next start converts it again.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Photos have all sizes: an arena would keep the memory of the largest for the life of the process.
    options.enable_cpu_mem_arena = False
    available = onnxruntime.get_available_providers()
    providers = [one for one in ("CUDAExecutionProvider", "CPUExecutionProvider") if one in available]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # the runtime's errors have no other common base
        path.unlink(missing_ok=True)
        raise EngineError(f"the cached model {path} is damaged and was removed", "Run the command again") from error


@functools.cache
def session_of(name: str) -> Any:
    """The session of a model in `model_files.MODEL_FILES`, one a process; raises `EngineError` as `converted` does."""
    return load_session(converted(name))


def _convert(name: str) -> bytes:
    from workers.faces.models import dlib_files, graphs, tflite_files

    path = model_path(name)
    if name == "encoder":
        return graphs.encoder_graph(dlib_files.read_resnet(path))
    if name == "mmod":
        return graphs.mmod_graph(dlib_files.read_mmod(path))
    return tflite_files.blazeface_graph(path)


def _write_cache(path: Path, data: bytes) -> None:
    from storage.parts import write_bytes  # its Parquet library takes 12 MB that a start with a full cache saves

    try:
        write_bytes(path, data)
    except StoreError as error:
        hint = "Set LINEUP_CACHE to a folder that can be written"
        raise EngineError(f"the model cache {path.parent} cannot be written: {error.__cause__}", hint) from error
