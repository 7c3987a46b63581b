"""dlib's two networks as ONNX graphs, with the same weights.

Affine layers, and at the input the mean colour and the division by 256, are folded into the convolutions in double
precision; convolutions, ReLU, pooling and additions remain. Embeddings stay within 1e-6 of dlib's
(tests/workers/faces/embed/test_face_encoder.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.schemas import EMBEDDING_SIZE
from workers.faces.align.chips import ENCODER_SIDE
from workers.faces.models.dlib_files import Affine, Convolution, Dense, DlibNetwork

INPUT_DIVISOR = 256.0
"""dlib's input layers divide by 256, not by 255."""

STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""Stages of the ResNet: filters, blocks, and whether the first block halves the picture."""

OPSET = 17

IR_VERSION = 10


class Graph:
    """An ONNX graph under construction: `weight` and `add` each add one item and return the name of its value."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def weight(self, values: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"{operation.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [name], name=name, **attributes))
        return name

    def model(self, name: str, takes: Any, gives: list[Any]) -> bytes:
        """The graph as a checked, serialized ONNX model."""
        import onnx
        from onnx import helper

        graph = helper.make_graph(self.nodes, name, [takes], gives, self.weights)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="lineup", ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        data: bytes = model.SerializeToString()
        return data


def encoder_graph(network: DlibNetwork) -> bytes:
    """The encoder as ONNX: chips (N, 150, 150, 3) uint8 RGB to embeddings (N, 128) float32.

    An embedding's bits must not depend on the other chips. A convolution handles its pictures one by one; a matrix
    product chooses its kernel by their number, so the last layer is a convolution too.
    """
    from onnx import TensorProto, helper

    graph = Graph()
    convolutions = fold_affine_layers(network)
    pixels = graph.add("Cast", "chips", to=TensorProto.FLOAT)
    x = graph.add("Transpose", pixels, perm=[0, 3, 1, 2])
    x = graph.add("Relu", _convolve(graph, x, next(convolutions)))
    x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    side, channels = 35, 32
    for filters, blocks, halves in STAGES:
        for block in range(blocks):
            if halves and block == 0:
                x, side = _halving_block(graph, x, convolutions, side, filters - channels)
                channels = filters
            else:
                x = _block(graph, x, convolutions)
    dense = next(layer for layer in network.layers if isinstance(layer, Dense))
    x = graph.add("GlobalAveragePool", x)
    x = graph.add("Conv", x, graph.weight(np.ascontiguousarray(dense.weights.T)[:, :, None, None]))
    graph.add("Flatten", x, axis=1, output="embeddings")
    takes = helper.make_tensor_value_info("chips", TensorProto.UINT8, ["faces", ENCODER_SIDE, ENCODER_SIDE, 3])
    gives = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["faces", EMBEDDING_SIZE])
    return graph.model("dlib_face_recognition_resnet", takes, [gives])


def mmod_graph(network: DlibNetwork) -> bytes:
    """The CNN detector as ONNX: tiled pyramid (1, 3, height, width) float32 RGB 0-255 to scores (1, 1, rows, columns).

    The pyramid has the mean colour where it is empty. The first convolution has no padding, so folding the mean colour
    into it is exact.
    """
    from onnx import TensorProto, helper

    graph, x = Graph(), "pyramid"
    convolutions = list(fold_affine_layers(network))
    for convolution in convolutions[:-1]:
        x = graph.add("Relu", _convolve(graph, x, convolution))
    _convolve(graph, x, convolutions[-1], output="score")
    takes = helper.make_tensor_value_info("pyramid", TensorProto.FLOAT, [1, 3, "height", "width"])
    gives = helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 1, "rows", "columns"])
    return graph.model("dlib_mmod_face_detector", takes, [gives])


def fold_affine_layers(network: DlibNetwork) -> Iterator[Convolution]:
    """The convolutions, each with its affine layer folded in, the first also with the input's scaling."""
    layers = [layer for layer in network.layers if not isinstance(layer, Dense)]
    for index, layer in enumerate(layers):
        if isinstance(layer, Convolution):
            after = layers[index + 1] if index + 1 < len(layers) else None
            mean = np.array(network.mean) if index == 0 else None
            yield _fold(layer, after if isinstance(after, Affine) else None, mean)


def _fold(layer: Convolution, after: Affine | None, mean: npt.NDArray[np.float64] | None) -> Convolution:
    weights, bias = layer.weights.astype(np.float64), layer.bias.astype(np.float64)
    if after:
        gamma = after.gamma.astype(np.float64)
        weights, bias = weights * gamma[:, None, None, None], bias * gamma + after.beta
    if mean is not None:
        weights = weights / INPUT_DIVISOR
        bias = bias - (weights * mean[None, :, None, None]).sum(axis=(1, 2, 3))
    return Convolution(weights.astype(np.float32), bias.astype(np.float32), layer.stride, layer.padding)


def _convolve(graph: Graph, x: str, layer: Convolution, output: str = "") -> str:
    kernel, strides, pads = list(layer.weights.shape[2:]), list(layer.stride), list(layer.padding) * 2
    weights, bias = graph.weight(layer.weights), graph.weight(layer.bias)
    return graph.add("Conv", x, weights, bias, kernel_shape=kernel, strides=strides, pads=pads, output=output)


def _block(graph: Graph, x: str, convolutions: Iterator[Convolution]) -> str:
    y = graph.add("Relu", _convolve(graph, x, next(convolutions)))
    y = _convolve(graph, y, next(convolutions))
    return graph.add("Relu", graph.add("Add", y, x))


def _halving_block(
    graph: Graph, x: str, convolutions: Iterator[Convolution], side: int, new_channels: int
) -> tuple[str, int]:
    """The skip connection is an average pool; dlib adds unequal shapes as if the smaller were padded with zeros."""
    y = graph.add("Relu", _convolve(graph, x, next(convolutions)))
    y = _convolve(graph, y, next(convolutions))
    skipped = graph.add("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    convolved_side, pooled_side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
    if new_channels:
        skipped = graph.add("Pad", skipped, graph.weight(np.array([0, 0, 0, 0, 0, new_channels, 0, 0], np.int64)))
    lack = pooled_side - convolved_side
    if lack:
        y = graph.add("Pad", y, graph.weight(np.array([0, 0, 0, 0, 0, 0, lack, lack], np.int64)))
    return graph.add("Relu", graph.add("Add", y, skipped)), pooled_side
