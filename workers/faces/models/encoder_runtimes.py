"""An encoder's network in one of the runtimes that an experiment may name (`storage.encoder_settings.Runtime`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.encoder_settings import Runtime
from storage.errors import EngineError
from workers.faces.models import openvino_runtime
from workers.faces.models.onnx_sessions import load_session

Network = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
"""Pictures, in the shape and type that the network takes, to its numbers (N, D) float32."""


def load_encoder_network(network: bytes, runtime: Runtime, provider: str = "cpu") -> Network:
    """The network on one thread.

    Args:
        network: the content of an ONNX file with one input and one output.
        provider: of the `EngineSettings`; OpenVINO computes on the processor whatever it is.

    Raises:
        EngineError: the runtime is not here, or cannot load it.
    """
    return _in_onnx_runtime(network, provider) if runtime == "onnx" else _in_openvino(network, runtime)


def _in_onnx_runtime(network: bytes, provider: str) -> Network:
    session = load_session(network, provider)
    entry = session.get_inputs()[0].name

    def compute(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return np.asarray(session.run(None, {entry: pictures})[0], np.float32)

    return compute


def _in_openvino(network: bytes, runtime: Runtime) -> Network:
    lacking = openvino_runtime.missing_for(runtime)
    if lacking:
        install = lacking == openvino_runtime.NOT_INSTALLED
        raise EngineError(
            f'the encoder runs in "{runtime}" and {lacking}',
            'Run: pip install "lineup[openvino]"' if install else "Use an encoder in single precision, which is exact",
        )
    try:
        request = openvino_runtime.load_request(network, runtime)
    except Exception as error:  # the runtime's errors have no other common base
        raise EngineError(f"OpenVINO cannot load the encoder: {error}") from error

    def compute(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        found = request.infer({0: np.ascontiguousarray(pictures)}, share_inputs=True, share_outputs=True)
        return np.array(found[0], np.float32)  # the next pictures overwrite the request's buffers

    return compute
