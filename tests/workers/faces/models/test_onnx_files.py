"""What is done to an encoder's ONNX file, and which files are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from storage.errors import EngineError
from workers.faces.models.onnx_files import plain_network
from workers.faces.models.onnx_sessions import load_session

SIZE = 16


def model_of(nodes: list[Any], weights: dict[str, Any], **options: Any) -> bytes:
    takes = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])
    gives = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])
    tensors = [numpy_helper.from_array(np.asarray(each, np.float32), name) for name, each in weights.items()]
    graph = helper.make_graph(nodes, "test", [takes], [gives], tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.other", 1)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8, **options).SerializeToString())


def pooled(x: str) -> list[Any]:
    return [helper.make_node("GlobalAveragePool", [x], ["mean"]), helper.make_node("Flatten", ["mean"], ["out"])]


def test_prelu_becomes_relu_and_two_depthwise_convolutions() -> None:
    data = model_of(
        [helper.make_node("PRelu", ["picture", "slope"], ["bent"]), *pooled("bent")],
        {"slope": np.array([0.25, -1.5, 3.0])[:, None, None]},
    )
    plain = plain_network(data, SIZE)
    assert [node.op_type for node in onnx.load_model_from_string(plain).graph.node] == [
        *("Relu", "Conv", "Conv", "Add"),
        *("GlobalAveragePool", "Flatten"),
    ]
    picture = np.random.default_rng(0).normal(0, 50, (1, 3, SIZE, SIZE)).astype(np.float32)
    one, two = (load_session(each).run(None, {"picture": picture})[0] for each in (data, plain))
    assert np.abs(one - two).max() < 1e-4


def test_equal_files_become_equal_bytes() -> None:
    data = model_of(pooled("picture"), {})
    assert plain_network(data, SIZE) == plain_network(data, SIZE)


@pytest.mark.parametrize("data", [b"", b"no model", b"\x08\x07" * 50])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(EngineError, match="the encoder's ONNX file cannot be used"):
        plain_network(data, SIZE)


def test_a_file_that_refers_to_another_file_is_refused() -> None:
    model = onnx.load_model_from_string(
        model_of([helper.make_node("Mul", ["picture", "w"], ["y"]), *pooled("y")], {"w": np.ones(1)})
    )
    (weight,) = model.graph.initializer
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    with pytest.raises(EngineError, match="refers to other files"):
        plain_network(model.SerializeToString(), SIZE)


def test_a_constant_that_refers_to_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"12 secret ..")
    value = TensorProto(data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    entry = value.external_data.add()
    entry.key, entry.value = "location", "secret.bin"
    nodes = [helper.make_node("Constant", [], ["w"], value=value), *pooled("picture")]
    nodes[-1].output[0] = "flat"
    with pytest.raises(EngineError, match="refers to other files"):
        plain_network(model_of([*nodes, helper.make_node("Add", ["flat", "w"], ["out"])], {}), SIZE)


def test_operations_of_other_domains_are_refused() -> None:
    data = model_of([helper.make_node("Strange", ["picture"], ["y"], domain="com.other"), *pooled("y")], {})
    with pytest.raises(EngineError, match=r"operations that are not allowed: com\.other\.Strange"):
        plain_network(data, SIZE)


def test_another_size_is_refused() -> None:
    with pytest.raises(EngineError, match=r"takes \['n', 3, 16, 16\]. It must take \[1, 3, 112, 112\]: set size"):
        plain_network(model_of(pooled("picture"), {}), 112)


def test_graphs_inside_of_operations_are_refused() -> None:
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])
    branch = helper.make_graph([helper.make_node("Relu", ["picture"], ["y"])], "branch", [], [gives])
    choice = helper.make_node("If", ["flag"], ["y"], then_branch=branch, else_branch=branch)
    with pytest.raises(EngineError, match="operations that are not allowed: If"):
        plain_network(model_of([choice, *pooled("y")], {"flag": np.ones(1)}), SIZE)
