"""Give every layer of a convolutional graph a multiple of sixteen channels, so that it stays in one memory layout.

On AVX-512 ONNX Runtime computes sixteen channels at a time and keeps them side by side. Layers of other widths, and
paddings along the channels, are copied to the plain layout and back. The channels that are added are zero, and the
graph gives the same values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workers.faces.models.graphs import Graph

BLOCK = 16

Array = npt.NDArray[Any]


class _Widened(NamedTuple):
    """An addition whose one side is padded with channels of zeros, and the ReLU after it."""

    narrow: str
    convolution: Any
    output: str


def widen_channels(graph: Graph, channels: int) -> Graph:
    """The same graph with convolutions of multiples of `BLOCK` channels.

    Args:
        graph: convolutions with a bias, ReLU, additions and paddings of channels, in the order of computation. Each
            padding is one side of an addition, whose other side is a convolution and which a ReLU follows.
        channels: of the graph's first node, which does not change.

    Raises:
        KeyError, ValueError: it is no such graph.
    """
    return _Widening(graph, channels).done()


class _Widening:
    """`channels` maps each value of the new graph to the number of its channels."""

    def __init__(self, graph: Graph, channels: int) -> None:
        from onnx import numpy_helper

        self.old, self.new = graph, Graph()
        self.values = {each.name: numpy_helper.to_array(each) for each in graph.weights}
        self.channels = {graph.nodes[0].output[0]: channels}
        self.readers: dict[str, list[Any]] = {}
        for node in graph.nodes:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)

    def done(self) -> Graph:
        joined = dict(self._padded_additions())
        parts = {id(node) for each in joined.values() for node in (each.convolution, *self._between(each))}
        for node in self.old.nodes:
            if node.op_type == "Add" and node.output[0] in joined:
                self._two_parts(joined[node.output[0]])
            elif node.op_type == "Conv" and id(node) not in parts:
                self._convolution(node)
            elif id(node) not in parts:
                self._other(node)
        return self.new

    def _padded_additions(self) -> Iterator[tuple[str, _Widened]]:
        """By the output of the addition."""
        maker = {node.output[0]: node for node in self.old.nodes}
        for pad in (node for node in self.old.nodes if node.op_type == "Pad"):
            (addition,) = self.readers[pad.output[0]]
            (relu,) = self.readers[addition.output[0]]
            (other,) = (name for name in addition.input if name != pad.output[0])
            if relu.op_type != "Relu" or maker[other].op_type != "Conv":
                raise ValueError("a padding that is not the side of a block")
            yield addition.output[0], _Widened(pad.input[0], maker[other], relu.output[0])

    def _between(self, each: _Widened) -> Iterator[Any]:
        """The padding and the ReLU of an addition."""
        yield from (node for node in self.readers[each.narrow] if node.op_type == "Pad")
        yield from (node for node in self.old.nodes if node.output[0] == each.output)

    def _two_parts(self, each: _Widened) -> None:
        """The channels that the narrow side has are added to it; the others are the convolution's alone."""
        own, all_own = self.channels[each.narrow], len(self.values[each.convolution.input[1]])
        if own % BLOCK:
            raise ValueError(f"{own} channels are padded")
        name = each.output
        added = self._convolution(each.convolution, slice(own), f"{name}_first")
        both = self.new.add("Add", added, each.narrow, output=f"{name}_sum")
        alone = self._convolution(each.convolution, slice(own, all_own), f"{name}_rest")
        sides = [self.new.add("Relu", side, output=f"{side}_relu") for side in (both, alone)]
        self.new.add("Concat", *sides, output=name, axis=1)
        self.channels[name] = own + self.channels[alone]

    def _convolution(self, node: Any, filters: slice = slice(None), output: str = "") -> str:
        """The convolution, or those of its filters."""
        settings = _attributes(node)
        weights, bias = (self.values[name] for name in node.input[1:])
        count, takes, gives = len(bias[filters]), self.channels[node.input[0]], output or node.output[0]
        if settings["group"] > 1:
            settings["group"] = wide = takes
            inputs = 1
        else:
            inputs = takes
            is_read_as_it_is = any(reader.op_type == "Transpose" for reader in self.readers[node.output[0]])
            wide = count if is_read_as_it_is else -(-count // BLOCK) * BLOCK
        self._add_convolution(
            node.input[0], _zeros_after(weights[filters], wide, inputs), bias[filters], gives, settings
        )
        self.channels[gives] = wide
        return gives

    def _add_convolution(self, x: str, weights: Array, bias: Array, output: str, settings: dict[str, Any]) -> None:
        padded = np.pad(bias, (0, len(weights) - len(bias)))
        self.new.add("Conv", x, self.new.weight(weights), self.new.weight(padded), output=output, **settings)

    def _other(self, node: Any) -> None:
        inputs = [self.new.weight(self.values[name]) if name in self.values else name for name in node.input]
        self.new.add(node.op_type, *inputs, output=node.output[0], **_attributes(node))
        self.channels.setdefault(node.output[0], self.channels.get(node.input[0], 0))


def _zeros_after(weights: Array, filters: int, inputs: int) -> Array:
    """Weights (filters, inputs, rows, columns) with zeros up to those numbers."""
    missing = [(0, filters - weights.shape[0]), (0, inputs - weights.shape[1]), (0, 0), (0, 0)]
    return np.pad(weights, missing)


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {each.name: helper.get_attribute_value(each) for each in node.attribute}
