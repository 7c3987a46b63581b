"""Settings of libraries that would otherwise send usage data, or write into the user's home.

Called before such a library is imported.
"""

from __future__ import annotations

import os

from workers.faces.models.model_cache import cache_folder


def quiet_libraries() -> None:
    """Forbid ONNX Runtime to send usage data, and have Keras and matplotlib keep their files in Lineup's cache.

    ONNX Runtime sends since 1.29, from its import on; only this variable forbids it. Keras writes `~/.keras` and
    matplotlib `~/.config` and `~/.cache`, and both read settings from there.
    """
    cache = cache_folder().absolute()
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ["KERAS_HOME"] = str(cache / "keras")
    os.environ["MPLCONFIGDIR"] = str(cache / "matplotlib")
