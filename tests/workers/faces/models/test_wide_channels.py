"""Channels of zeros change nothing but the speed."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from workers.faces.models.graphs import Graph
from workers.faces.models.wide_channels import BLOCK, widen_channels


def test_the_widened_graph_gives_the_same_values() -> None:
    narrow = block_of(inputs=32, between=12, outputs=40)
    wide = widen_channels(narrow, channels=3)
    pixels = np.random.default_rng(1).normal(size=(1, 24, 16, 3)).astype(np.float32)
    assert run(wide, pixels) == pytest.approx(run(narrow, pixels), abs=1e-5)


def test_every_layer_has_a_multiple_of_sixteen_channels_and_none_is_padded() -> None:
    wide = widen_channels(block_of(inputs=32, between=12, outputs=40), channels=3)
    assert "Pad" not in {node.op_type for node in wide.nodes}
    layers = [node for node in wide.nodes if node.op_type == "Conv" and node.output[0] != "last"]
    filters = {weight.name: weight.dims[0] for weight in wide.weights}
    assert [filters[node.input[1]] % BLOCK for node in layers] == [0] * len(layers)


def test_a_padding_of_channels_that_fill_no_block_is_refused() -> None:
    with pytest.raises(ValueError, match="8 channels are padded"):
        widen_channels(block_of(inputs=8, between=12, outputs=40, last_only=True), channels=8)


def block_of(inputs: int, between: int, outputs: int, last_only: bool = False) -> Graph:
    """A block as BlazeFace has them: its input, padded with channels of zeros, is added to two convolutions' result."""
    rng = np.random.default_rng(0)
    graph = Graph()

    def convolution(x: str, takes: int, gives: int, group: int = 1, output: str = "") -> str:
        weights = rng.normal(size=(gives, takes // group, 3, 3)).astype(np.float32) / 10
        bias = rng.normal(size=gives).astype(np.float32)
        names = x, graph.weight(weights), graph.weight(bias)
        return graph.add("Conv", *names, output=output, kernel_shape=[3, 3], pads=[1] * 4, group=group)

    x = graph.add("Transpose", "pixels", perm=[0, 3, 1, 2])
    if not last_only:
        x = graph.add("Relu", convolution(x, 3, inputs))
    y = graph.add("Relu", convolution(x, inputs, between))
    y = convolution(convolution(y, between, between, group=between), between, outputs)
    padded = graph.add("Pad", x, graph.weight(np.array([0, 0, 0, 0, 0, outputs - inputs, 0, 0], np.int64)))
    z = graph.add("Relu", graph.add("Add", padded, y))
    graph.add("Transpose", convolution(z, outputs, 5, output="last"), perm=[0, 2, 3, 1], output="out")
    return graph


def run(graph: Graph, pixels: Any) -> Any:
    from onnx import TensorProto, helper

    takes = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, list(pixels.shape))
    gives = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, *pixels.shape[1:3], 5])
    session = onnxruntime.InferenceSession(graph.model("block", takes, [gives]))
    return session.run(None, {"pixels": pixels})[0]
