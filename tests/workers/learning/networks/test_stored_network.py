"""Stored networks: plain arrays, the same bits again, and no other reader than numpy's."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.learning.networks.keras_predictor import KerasPredictor
from workers.learning.networks.keras_runtime import load_keras
from workers.learning.networks.stored_network import NetworkLayout, network_bytes, read_network

FACES = np.random.default_rng(0).integers(0, 255, (3, 128, 128, 3), np.uint8)
NUMBERS = np.random.default_rng(0).normal(0, 0.1, (3, 128)).astype(np.float32)


def disturbed(layout: NetworkLayout) -> Any:
    """A model of this layout with weights that no builder draws."""
    model = layout.build()
    rng = np.random.default_rng(1)
    for each in model.weights:
        each.assign(each.numpy() + rng.uniform(0.01, 0.1, each.shape).astype(np.float32))
    return model


@pytest.mark.parametrize(
    ("layout", "x"),
    [
        (NetworkLayout("small_convnet", {"classes": 4}), FACES),
        (NetworkLayout("dense_network", {"classes": 4}), NUMBERS),
        (NetworkLayout("regularized_convnet", {"classes": 4}), FACES),
        (NetworkLayout("regularized_convnet", {"classes": 4}, 3, 1.7), FACES),
        (
            NetworkLayout("dense_network", {"classes": 4}, 12, 0.8),
            NUMBERS,
        ),  # names of ten layers and more sort otherwise
        (NetworkLayout("encoding_convnet", {"view": "crop"}), FACES),
    ],
)
def test_a_stored_network_gives_the_same_bits(layout: NetworkLayout, x: np.ndarray, tmp_path: Path) -> None:
    model = disturbed(layout)
    file = tmp_path / "network.npz"
    file.write_bytes(network_bytes(model, layout))
    again, same = read_network(file)
    assert same == layout
    assert again.name == model.name or layout.architecture != "encoding_convnet"
    assert KerasPredictor(again, same).decision(x).tobytes() == KerasPredictor(model, layout).decision(x).tobytes()
    assert network_bytes(again, same) == file.read_bytes()


LAYOUT = NetworkLayout("dense_network", {"classes": 2})


def stored(path: Path, change: Callable[[dict[str, Any]], None], **arrays: np.ndarray) -> Path:
    """A network's file with another header or other arrays."""
    with np.load(io.BytesIO(network_bytes(LAYOUT.build(), LAYOUT))) as right:
        content = {name: right[name] for name in right.files} | arrays
    header = json.loads(content["header"].tobytes())
    change(header)
    content["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **content)
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "load_keras"},
        {"architecture": "ensemble"},
        {"arguments": {"classes": 3}},  # the weights are of two
        {"arguments": {"classes": 2, "name": "x"}},
        {"format": 0},
        {"code": "import os"},
    ],
)
def test_a_file_whose_weights_or_layers_are_others_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a network of Lineup"):
        read_network(stored(tmp_path / "network.npz", lambda header: header.update(change)))


def test_a_file_with_a_pickle_in_it_is_refused_without_reading_it(tmp_path: Path) -> None:
    class Planted:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    bad = np.array([Planted()], dtype=object)
    with pytest.raises(ValueError, match="pickle"):
        read_network(stored(tmp_path / "network.npz", lambda _: None, weight_0000=bad))
    assert not (tmp_path / "ran").exists()


def test_a_file_of_an_earlier_version_is_named_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "network.keras").write_bytes(b"HDF5 inside")
    with pytest.raises(ValueError, match=r"network\.keras is of an earlier version"):
        read_network(tmp_path / "network.npz")


def test_neither_keras_nor_hdf5_reads_a_file_when_a_network_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import h5py

    keras = load_keras()
    (tmp_path / "network.npz").write_bytes(network_bytes(LAYOUT.build(), LAYOUT))
    for owner, name in ((keras.models, "load_model"), (keras.saving, "load_model"), (h5py, "File")):
        monkeypatch.setattr(owner, name, pytest.fail)
    read_network(tmp_path / "network.npz")
