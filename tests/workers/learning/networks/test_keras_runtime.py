"""Networks compute on the processor, or on a GPU where their worker is told so: never on the other one in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.device import VARIABLE

TENSORFLOW = """
from types import SimpleNamespace
config = SimpleNamespace(
    set_visible_devices=lambda devices, kind: print("visible", devices, kind),
    list_physical_devices=lambda kind: {gpus},
    threading=SimpleNamespace(
        set_intra_op_parallelism_threads=id, set_inter_op_parallelism_threads=id
    ),
    experimental=SimpleNamespace(enable_op_determinism=lambda: print("deterministic")),
)
"""
KERAS = """
from types import SimpleNamespace
config = SimpleNamespace(set_floatx=id, set_image_data_format=id)
"""
LOADS = """
from storage.errors import WorkerUnfit
from workers.learning.networks.keras_runtime import load_keras
for _ in range(2):
    try:
        load_keras()
    except WorkerUnfit as unfit:
        print(unfit.kind, unfit.what)
"""


@pytest.mark.parametrize(
    ("told", "gpus", "says"),
    [
        ("cpu", ["a GPU"], "visible [] GPU\ndeterministic\n"),
        ("cuda", ["a GPU"], "deterministic\n"),
        ("cuda", [], 2 * "device LINEUP_DEVICE is cuda and TensorFlow finds no GPU\n"),
    ],
)
def test_the_gpu_is_used_where_the_worker_is_told_so_and_nowhere_else(
    told: str, gpus: list[str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "tensorflow.py").write_text(TENSORFLOW.format(gpus=gpus))
    (tmp_path / "keras.py").write_text(KERAS)
    environment = {**os.environ, VARIABLE: told, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", LOADS], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout == says
