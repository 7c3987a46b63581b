"""The only door to TensorFlow: imported late, one thread, the same bits in every process."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from typing import Any

SETTINGS = {
    "KERAS_BACKEND": "tensorflow",  # whatever the user's ~/.keras says
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # twice as fast; its last bits may differ between kinds of processor, and TensorFlow's own default is off on some
    "TF_ENABLE_ONEDNN_OPTS": "1",
}
"""Read by TensorFlow when it is imported, so set just before."""


@functools.cache
def load_keras() -> Any:
    """The `keras` module, with TensorFlow behind it bound to one thread and to deterministic kernels.

    One thread, because two trainings side by side use two cores better than one training does, and because a
    network then learns the same in every process.

    Raises:
        RuntimeError: something in this process has already imported TensorFlow, with whatever settings.
    """
    if "tensorflow" in sys.modules:
        raise RuntimeError(
            "TensorFlow was imported elsewhere: a network would learn other bits than in other processes"
        )
    os.environ.update(SETTINGS)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    return keras


def assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Give Keras variables new values, in order.

    Raises:
        ValueError: there are more variables than values, or fewer.
    """
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
