"""OpenVINO, an optional runtime for the encoder: `pip install "lineup[openvino]"`.

In single precision it agrees with ONNX Runtime within 1e-6, in the same time. In bfloat16 it takes half the time where
the processor has such instructions (AVX-512 BF16, AMX), with slightly different embeddings. Elsewhere OpenVINO would
silently use single precision, and two machines would write different embeddings under one name: it is an error there.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

from storage.errors import EngineError

PRECISIONS = {"openvino": "f32", "openvino-bf16": "bf16"}
"""Encoder name: precision given to OpenVINO, whose default differs by processor."""


@functools.cache
def check_openvino(encoder: str) -> None:
    """Raise `EngineError` where an encoder of `PRECISIONS` cannot run on this machine; other encoders pass."""
    if encoder not in PRECISIONS:
        return
    if importlib.util.find_spec("openvino") is None:
        raise EngineError(
            f'faces.encoder is "{encoder}" and OpenVINO is not installed',
            'Run: pip install "lineup[openvino]", or set faces.encoder = "onnx"',
        )
    if PRECISIONS[encoder] == "bf16" and not has_bfloat16():
        raise EngineError(
            f'faces.encoder is "{encoder}" and this processor has no bfloat16 instructions',
            'Set faces.encoder = "onnx", which is as fast here',
        )


def has_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 on this processor, rather than only reading it."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load_request(path: Path, encoder: str) -> Any:
    """An inference request on one thread for the ONNX file; raises `EngineError` as `check_openvino` does.

    It takes any number of chips: a chip's result does not depend on the others.
    """
    check_openvino(encoder)
    model = _core().read_model(str(path))
    compiled = _core().compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": PRECISIONS[encoder],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": 1,
            "NUM_STREAMS": "1",
            "ENABLE_CPU_PINNING": False,  # every process would take the first core
        },
    )
    return compiled.create_infer_request()


@functools.cache
def _core() -> Any:
    import openvino

    return openvino.Core()
