"""Load Keras on TensorFlow: late, with one thread and deterministic kernels.

Every use of TensorFlow calls `load_keras` first, so a network learns the same bits in every process.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from storage.errors import WorkerUnfit
from workers.device import HINT, uses_cuda
from workers.faces.models.quiet_libraries import quiet_libraries

SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # twice as fast. Last bits may differ between kinds of processor; TensorFlow's default depends on the processor
    "TF_ENABLE_ONEDNN_OPTS": "1",
}
"""Environment variables that TensorFlow and Keras read when they are imported."""


def load_keras() -> Any:
    """The `keras` module on TensorFlow, bound to one thread and to deterministic kernels.

    One thread: two trainings in two processes use two cores better than one training with two threads, and the order
    of additions, and so the bits, stay the same.

    It computes on the processor, also where there is a GPU, unless this worker is told to use CUDA (workers/device.py).

    Raises:
        WorkerUnfit: it is told so, and TensorFlow finds no GPU.
        RuntimeError: other code in this process has imported TensorFlow, with unknown settings.
    """
    keras, lacks = _loaded()
    if lacks:
        raise WorkerUnfit("device", lacks, HINT)
    return keras


@functools.cache
def _loaded() -> tuple[Any, str]:
    """Keras, and what keeps this process from using it: it is asked for again, and TensorFlow is imported once."""
    if "tensorflow" in sys.modules:
        raise RuntimeError(
            "TensorFlow was imported elsewhere in this process: networks would learn other bits than in other processes"
        )
    quiet_libraries()
    os.environ.update(SETTINGS)
    with _standard_error_kept():
        import tensorflow as tf

    if not uses_cuda():
        tf.config.set_visible_devices([], "GPU")
    elif not tf.config.list_physical_devices("GPU"):
        return None, "LINEUP_DEVICE is cuda and TensorFlow finds no GPU"
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    return keras, ""


@contextlib.contextmanager
def _standard_error_kept() -> Iterator[None]:
    """Keep what TensorFlow's libraries print while they are loaded, which no setting stops; show it after an error."""
    sys.stderr.flush()
    before = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(before, kept.read())
            raise
        finally:
            os.dup2(before, 2)
            os.close(before)


def assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Give Keras variables new values, in order.

    Raises:
        ValueError: there are more variables than values, or fewer.
    """
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
