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

BFLOAT16 = "openvino-bf16"
PRECISIONS = {"openvino": "f32", BFLOAT16: "bf16"}
"""Runtime: precision given to OpenVINO, whose default differs by processor."""

NOT_INSTALLED = "OpenVINO is not installed"
NO_BFLOAT16 = "this processor has no bfloat16 instructions"


def check_openvino(encoder: str) -> None:
    """Raise `EngineError` where an encoder of `PRECISIONS` cannot run on this machine; other encoders pass."""
    lacking = missing_for(encoder)
    if lacking == NOT_INSTALLED:
        raise EngineError(
            f'faces.encoder is "{encoder}" and {lacking}',
            'Run: pip install "lineup[openvino]", or set faces.encoder = "onnx"',
        )
    if lacking:
        raise EngineError(
            f'faces.encoder is "{encoder}" and {lacking}',
            'Set faces.encoder = "onnx", which is as fast here',
        )


@functools.cache
def missing_for(runtime: str) -> str:
    """What this machine lacks for a runtime of `PRECISIONS`, in words; empty where it has all, and for any other."""
    if runtime in PRECISIONS and importlib.util.find_spec("openvino") is None:
        return NOT_INSTALLED
    if PRECISIONS.get(runtime) == "bf16" and not has_bfloat16():
        return NO_BFLOAT16
    return ""


def has_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 on this processor, rather than only reading it."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load_request(network: Path | bytes, runtime: str) -> Any:
    """An inference request on one thread, of a runtime of `PRECISIONS` that lacks nothing here (`missing_for`).

    It takes any number of chips: a chip's result does not depend on the others.

    Args:
        network: the ONNX file, or its content.
    """
    model = _core().read_model(network if isinstance(network, bytes) else str(network))
    compiled = _core().compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": PRECISIONS[runtime],
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
