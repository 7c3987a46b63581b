"""An encoder's ONNX file as the network that ONNX Runtime computes fastest, with the same weights.

Block-quantised weights are folded to single precision; ONNX Runtime refuses them as initialisers that are declared as
inputs. PRelu breaks ONNX Runtime's blocked layout; with a slope a channel it becomes Relu and two 1 x 1 depthwise
convolutions. Differences stay within 1e-5 (tests/workers/faces/embed/test_onnx_encoder.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.errors import EngineError
from workers.faces.models.graphs import IR_VERSION

Constants = dict[str, npt.NDArray[Any]]

FOLDED = frozenset({"Constant", "DequantizeLinear", "Reshape"})
"""Operations that are computed at conversion where all their inputs are constants."""

DOMAINS = frozenset({"", "ai.onnx"})
"""Operations of other domains may be anything that a library registers."""

MOST_BYTES = 1_000_000_000


def plain_network(data: bytes, size: int) -> bytes:
    """The network of an ONNX file: (1, 3, size, size) float32 to (1, D) float32.

    Args:
        data: the file.
        size: side of the picture in pixels.

    Raises:
        EngineError: it is not ONNX, refers to other files, has operations that ONNX does not define, or does not take
            one picture of that size to one row of numbers.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(data)
        _refuse_strange_parts(model)
        (picture,) = _pictures(model.graph)
        _set_shape(picture, (1, 3, size, size))
        (output,) = model.graph.output
        constants, nodes = folded_constants(model)
        nodes = [each for node in nodes for each in _rewritten(node, constants)]
        return _serialized(model, picture, output, constants, nodes)
    except EngineError:
        raise
    except Exception as error:  # protobuf's and onnx's errors have no other common base
        what = f"{error}".strip().splitlines()[0] if f"{error}".strip() else type(error).__name__
        raise EngineError(
            f"the encoder's ONNX file cannot be used: {what:.200}",
            f"It must take one picture (1, 3, {size}, {size}) to one row of numbers",
        ) from error


def _refuse_strange_parts(model: Any) -> None:
    """External data would read any file of the machine; a graph inside a node, or a function, hides operations."""
    from onnx import AttributeProto, TensorProto

    if any(each.data_location == TensorProto.EXTERNAL for each in _tensors(model.graph)):
        raise EngineError("the encoder's ONNX file refers to other files", "Save the model as one file")
    strange = {f"{node.domain}.{node.op_type}" for node in model.graph.node if node.domain not in DOMAINS}
    nested = (AttributeProto.GRAPH, AttributeProto.GRAPHS)
    strange |= {node.op_type for node in model.graph.node for each in node.attribute if each.type in nested}
    if strange or model.functions:
        raise EngineError(
            f"the encoder's ONNX file has operations that are not allowed: {', '.join(sorted(strange)) or 'functions'}",
            "Export it with plain ONNX operations",
        )


def _tensors(graph: Any) -> Iterator[Any]:
    """All stored numbers: the weights, and the constants inside of operations."""
    sparse = list(graph.sparse_initializer)
    yield from graph.initializer
    for each in (attribute for node in graph.node for attribute in node.attribute):
        yield from (each.t, *each.tensors)
        sparse += [each.sparse_tensor, *each.sparse_tensors]
    for each in sparse:
        yield from (each.values, each.indices)


def _pictures(graph: Any) -> list[Any]:
    """The inputs that are neither stored weights nor names that no operation reads."""
    stored = {each.name for each in graph.initializer}
    read = {name for node in graph.node for name in node.input}
    return [each for each in graph.input if each.name in read - stored]


def _set_shape(value: Any, shape: tuple[int, ...]) -> None:
    sides = value.type.tensor_type.shape.dim
    if len(sides) != len(shape) or any(
        side.dim_value not in (0, wanted) for side, wanted in zip(sides, shape, strict=True)
    ):
        found = [side.dim_value or side.dim_param for side in sides]
        raise EngineError(f"the encoder's ONNX file takes {found}", f"It must take {list(shape)}: set size")
    for side, wanted in zip(sides, shape, strict=True):
        side.dim_value = wanted


def folded_constants(model: Any) -> tuple[Constants, list[Any]]:
    """The constants that the other operations need, and these operations."""
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    stored = {each.name: each for each in model.graph.initializer}
    known, folded, rest = set(stored), [], []
    for node in model.graph.node:
        if node.op_type in FOLDED and all(name in known for name in node.input):
            folded.append(node)
            known |= set(node.output)
        else:
            rest.append(node)
    used = {name for node in rest for name in node.input}
    constants = {name: numpy_helper.to_array(each) for name, each in stored.items() if name in used}
    wanted = [name for node in folded for name in node.output if name in used]
    if wanted:
        gives = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in wanted]
        graph = helper.make_graph(folded, "constants", [], gives, model.graph.initializer)
        computed = ReferenceEvaluator(
            helper.make_model(graph, opset_imports=model.opset_import, ir_version=IR_VERSION)
        ).run(None, {})
        constants |= {name: np.asarray(each) for name, each in zip(wanted, computed, strict=True)}
    return constants, rest


def _rewritten(node: Any, constants: Constants) -> list[Any]:
    """PRelu with a slope s a channel is s x + (1 - s) Relu(x), Dropout is nothing; other nodes stay."""
    from onnx import helper

    if node.op_type == "Dropout":
        return [helper.make_node("Identity", node.input[:1], node.output[:1])]
    slope = constants.get(node.input[1]) if node.op_type == "PRelu" else None
    if slope is None or slope.ndim != 3 or slope.shape[1:] != (1, 1):
        return [node]
    (x, _), (y,), channels = node.input, node.output, slope.shape[0]
    as_filter = slope.astype(np.float64).reshape(channels, 1, 1, 1)
    constants[f"{y}/below"] = as_filter.astype(np.float32)
    constants[f"{y}/above"] = (1 - as_filter).astype(np.float32)
    depthwise = {"group": channels, "kernel_shape": [1, 1]}
    return [
        helper.make_node("Relu", [x], [f"{y}/relu"]),
        helper.make_node("Conv", [x, f"{y}/below"], [f"{y}/whole"], **depthwise),
        helper.make_node("Conv", [f"{y}/relu", f"{y}/above"], [f"{y}/part"], **depthwise),
        helper.make_node("Add", [f"{y}/whole", f"{y}/part"], [y]),
    ]


def _serialized(model: Any, picture: Any, output: Any, constants: Constants, nodes: list[Any]) -> bytes:
    import onnx
    from onnx import helper, numpy_helper

    used = {name for node in nodes for name in node.input}
    weights = [
        numpy_helper.from_array(np.ascontiguousarray(constants[name]), name)
        for name in sorted(constants)
        if name in used
    ]
    graph = helper.make_graph(nodes, "encoder", [picture], [output], weights)
    plain = helper.make_model(graph, opset_imports=model.opset_import, producer_name="lineup", ir_version=IR_VERSION)
    onnx.checker.check_model(plain, full_check=True)
    data: bytes = plain.SerializeToString(deterministic=True)
    return data
