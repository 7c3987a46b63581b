"""ONNX Runtime, set up the same everywhere, and the cache of the models that it runs.

A network is converted once a machine, not once a process: the ONNX file's name holds a hash of what it was made from,
it appears by a rename, and workers that start together may all make it, with the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage.errors import EngineError
from workers.faces.models.model_files import model_digest, model_path

CONVERTER_VERSION = 3
"""To be raised with every change to what `graphs` or `tflite_files` write."""


def cache_folder() -> Path:
    """$LINEUP_CACHE, or lineup/ in $XDG_CACHE_HOME, or ~/.cache/lineup."""
    named = os.environ.get("LINEUP_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lineup"


def converted(name: str) -> Path:
    """The ONNX file of a model in `models.MODEL_FILES`, made if it is not there.

    Raises:
        EngineError: the model file is missing or damaged, or the cache folder cannot be written.
    """
    said = f"{CONVERTER_VERSION} {model_digest(name)}"
    path = cache_folder() / f"{name}-{hashlib.sha256(said.encode()).hexdigest()[:16]}.onnx"
    if not path.is_file():
        _write_whole(path, _converter(name)())
    return path


def load_session(path: Path) -> Any:
    """An inference session on one thread: a worker process is one core's.

    Raises:
        EngineError: the file is no model; it is removed, so that the next start makes it anew.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Photos come in all sizes: an arena would keep the largest one's memory for the life of the worker.
    options.enable_cpu_mem_arena = False
    available = onnxruntime.get_available_providers()
    providers = [one for one in ("CUDAExecutionProvider", "CPUExecutionProvider") if one in available]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # the runtime's errors share no other base
        path.unlink(missing_ok=True)
        raise EngineError(f"the cached model {path} is damaged and was removed", "Run the command again") from error


@functools.cache
def session_of(name: str) -> Any:
    """The session of a model in `models.MODEL_FILES`, one a process."""
    return load_session(converted(name))


def _converter(name: str) -> Callable[[], bytes]:
    from workers.faces.models import dlib_files, graphs, tflite_files

    path = model_path(name)
    if name == "encoder":
        return lambda: graphs.encoder_graph(dlib_files.read_resnet(path))
    if name == "mmod":
        return lambda: graphs.mmod_graph(dlib_files.read_mmod(path))
    return lambda: tflite_files.blazeface_graph(path)


def _write_whole(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=".tmp", delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        hint = "Set LINEUP_CACHE to a folder that can be written"
        raise EngineError(f"the model cache {path.parent} cannot be written: {error}", hint) from error
