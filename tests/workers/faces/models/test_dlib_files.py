"""dlib's model files are read to the last byte, or are an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import EngineError
from workers.faces.models.dlib_files import Affine, Convolution, Dense, read_mmod, read_resnet
from workers.faces.models.model_files import model_path


def test_the_encoder_has_its_29_convolutions_and_the_dense_layer() -> None:
    layers = read_resnet(model_path("encoder")).layers
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    assert len(convolutions) == len([layer for layer in layers if isinstance(layer, Affine)]) == 29
    assert convolutions[0].weights.shape == (32, 3, 7, 7)
    assert isinstance(layers[-1], Dense)
    assert layers[-1].weights.shape == (256, 128)


def test_the_detector_has_its_seven_convolutions() -> None:
    network = read_mmod(model_path("mmod"))
    convolutions = [layer for layer in network.layers if isinstance(layer, Convolution)]
    assert [layer.weights.shape[2] for layer in convolutions] == [5, 5, 5, 5, 5, 5, 9]
    assert network.mean == pytest.approx((122.782, 117.001, 104.298))


@pytest.mark.parametrize("damage", ["cut", "longer", "other"])
def test_a_damaged_file_is_an_engine_error(damage: str, tmp_path: Path) -> None:
    whole = model_path("mmod").read_bytes()
    damaged = {"cut": whole[:-1000], "longer": whole + b"\0", "other": b"not a network at all" * 50}[damage]
    path = tmp_path / "mmod.dat"
    path.write_bytes(damaged)
    with pytest.raises(EngineError, match=r"mmod\.dat is not the network it should be"):
        read_mmod(path)
