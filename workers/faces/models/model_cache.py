"""The cache of converted models: ONNX files and trees, each checked by its sha256 before every use.

A model is converted once a machine. The file's name holds a hash of its source, and it appears by a rename: workers
that start together may all convert it and write the same bytes. A file with other bytes is replaced.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from pathlib import Path

from storage.errors import EngineError, StoreError
from workers.faces.models.model_files import model_digest, model_path

logger = logging.getLogger("lineup.models")

CONVERTER_VERSION = 5
"""Raise it with every change to what `graphs` or `tflite_files` write."""

CONVERTED_SHA256 = {
    "encoder": "03ca133ca529ea874f097205f1e5841044e522bfc9831b851debbb3e4dec0607",
    "mmod": "71667667af951c5fed832f4f7b7752835a300cf9440fe563b2d3da4b1fad1d51",
    "blaze": "f8bf4a895a1df6b7f1cef70145239eabef686b9f56e0b9d5d7f3b90c75c25d38",
    "yunet": "53514f3f4498a3ec90e60bc8070c7bb38b3ee966204e42def2220ba54a3690db",
    "landmarks-5": "43062cf64d8a10c950621fbada33866a2af25df174563a208c636d6b17e55bb6",
    "landmarks-68": "c8dfd8cbcfc5b6fc8289daa762e6c80d609332c8cec7acde8c26a5f2568c09c1",
}
"""The only bytes that are read from the cache; `converted` of an empty cache gives the same."""

LANDMARK_POINTS = {"landmarks-68": 68, "landmarks-5": 5}
"""Points of each model of landmarks."""

HINT = "Set LINEUP_CACHE to a new folder, or to one that only you can use"


def cache_folder() -> Path:
    """$LINEUP_CACHE, or lineup/ in $XDG_CACHE_HOME, or ~/.cache/lineup."""
    named = os.environ.get("LINEUP_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lineup"


def check_cache(folder: Path) -> None:
    """Raise `EngineError` where another user owns the cache or can write into it; a missing folder passes.

    A folder of ours that others can only read gets mode 0700.
    """
    try:
        about = folder.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise EngineError(f"the model cache {folder} cannot be used: {error.strerror}", HINT) from error
    if not stat.S_ISDIR(about.st_mode):
        raise EngineError(f"the model cache {folder} is not a folder", HINT)
    if about.st_uid != os.geteuid():
        raise EngineError(f"the model cache {folder} belongs to user {about.st_uid}", HINT)
    mode = stat.S_IMODE(about.st_mode)
    if mode & 0o022:
        hint = f"Delete it, or: chmod 700 {folder}"
        raise EngineError(f"other users can write into the model cache {folder} (mode {mode:04o})", hint)
    if mode & 0o077:
        folder.chmod(0o700)


def converted(name: str) -> Path:
    """Path of the checked file of a model in `model_files.MODEL_FILES`; converts the model where it is missing.

    Raises:
        EngineError: the model file is missing or damaged, or the cache folder cannot be written or is not ours alone.
    """
    check_cache(cache_folder())
    pinned = CONVERTED_SHA256[name]
    if _sha256_of(_path(name, pinned)) == pinned:
        return _path(name, pinned)
    made = _convert(name)
    sha256 = hashlib.sha256(made).hexdigest()
    if sha256 != pinned:
        # it is converted at every start, since no file in the cache can be told from a forged one
        logger.warning("%s is converted to other bytes here than with the packages of requirements.lock", name)
    path = _path(name, sha256)
    if _sha256_of(path) != sha256:
        if path.exists():
            logger.warning("%s has other bytes than it should have; it is replaced", path)
        _write(path, made)
    return path


def _path(name: str, sha256: str) -> Path:
    """Where these bytes are, converted from the installed model file."""
    source = f"{CONVERTER_VERSION} {model_digest(name)} {sha256}"
    suffix = ".trees" if name in LANDMARK_POINTS else ".onnx"
    return cache_folder() / f"{name}-{hashlib.sha256(source.encode()).hexdigest()[:16]}{suffix}"


def _sha256_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EngineError(f"the cached model {path} cannot be read: {error.strerror}", "Delete it") from error


def _convert(name: str) -> bytes:
    from workers.faces.models import dlib_files, graphs, landmark_files, tflite_files, yunet_files

    path = model_path(name)
    if name == "encoder":
        return graphs.encoder_graph(dlib_files.read_resnet(path))
    if name == "mmod":
        return graphs.mmod_graph(dlib_files.read_mmod(path))
    if name in LANDMARK_POINTS:
        return landmark_files.landmark_trees(path, LANDMARK_POINTS[name])
    if name == "yunet":
        return yunet_files.yunet_graph(path)
    return tflite_files.blazeface_graph(path)


def _write(path: Path, data: bytes) -> None:
    from storage.temporary_files import sweep
    from storage.write_whole import write_bytes  # its Parquet library takes 12 MB that a start with a full cache saves

    try:
        sweep(path.parent)
        write_bytes(path, data)
    except StoreError as error:
        hint = "Set LINEUP_CACHE to a folder that can be written"
        raise EngineError(f"the model cache {path.parent} cannot be written: {error.__cause__}", hint) from error
