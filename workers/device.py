"""Whether this worker is told to compute on a CUDA device (LINEUP_DEVICE=cuda), and which one there is.

Networks are then trained on it; the face engine follows its run's `faces.provider`. The variable is set for the
processes of a worker from its settings (workers/queue/environment.py).
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

VARIABLE = "LINEUP_DEVICE"
CUDA = "cuda"

DRIVER = "libcuda.so.1"
GPUS = Path("/proc/driver/nvidia/gpus")

HINT = "Give the machine or container a GPU (docs/containers.md), or leave LINEUP_DEVICE out there"


def uses_cuda() -> bool:
    """Whether this process is told to use a CUDA device."""
    return os.environ.get(VARIABLE) == CUDA


def lacks_cuda() -> str:
    """Why no CUDA device can be used here; empty where there is one."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return f"{DRIVER} is not here"
    count = ctypes.c_int(0)
    code = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if code:
        return f"the CUDA driver refuses with error {code}"
    return "" if count.value else "the CUDA driver knows no device"


def cuda_name() -> str:
    """The name of the first CUDA device, as the kernel's driver tells it; "a CUDA device" where it does not."""
    for path in sorted(GPUS.glob("*/information")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    return "a CUDA device"
