"""A network in one file of plain arrays: the weights, and the names and numbers from which code builds the layers anew.

The file is an `.npz` read without pickle. Neither HDF5 nor the deserialization of Keras has a part in reading it. Equal
networks give equal bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from workers.learning.networks import architectures
from workers.learning.networks.keras_runtime import assign, load_keras

FORMAT = 1
EARLIER_SUFFIX = ".keras"
BUILDERS = {
    build.__name__: build
    for build in (
        architectures.small_convnet,
        architectures.dense_network,
        architectures.regularized_convnet,
        architectures.encoding_convnet,
    )
}


@dataclass(frozen=True)
class NetworkLayout:
    """What code needs to build the layers of a network.

    Attributes:
        architecture: one of BUILDERS.
        arguments: of that function, by name.
        members: networks of an ensemble; 0 where it is no ensemble.
        temperature: of the ensemble.

    >>> NetworkLayout("dense_network", {"classes": 3}).build().output_shape
    (None, 3)
    """

    architecture: str
    arguments: Mapping[str, int | str] = field(default_factory=dict)
    members: int = 0
    temperature: float = 1.0

    def build(self) -> Any:
        """A new Keras model with weights drawn at random."""
        load_keras().utils.set_random_seed(0)  # deterministic kernels need a seed
        build = BUILDERS[self.architecture]
        if not self.members:
            return build(**self.arguments)  # type: ignore[arg-type]
        members = [build(**self.arguments) for _ in range(self.members)]  # type: ignore[arg-type]
        return architectures.ensemble(members, self.temperature)


def network_bytes(keras_model: Any, layout: NetworkLayout) -> bytes:
    """The file of a Keras model that `layout.build` would build, with its weights."""
    header = json.dumps({"format": FORMAT, **asdict(layout)}, sort_keys=True)
    arrays = {f"weight_{i:04}": each.numpy() for i, each in enumerate(keras_model.weights)}
    file = io.BytesIO()
    np.savez(file, header=np.frombuffer(header.encode(), np.uint8), **arrays)
    return file.getvalue()


def read_network(path: Path) -> tuple[Any, NetworkLayout]:
    """The Keras model and the layout of what `network_bytes` gave.

    Raises:
        OSError: the file is missing.
        ValueError: it is damaged or of an earlier version, or its weights are not those of its layout.
    """
    earlier = path.with_suffix(EARLIER_SUFFIX)
    if not path.exists() and earlier.exists():
        raise ValueError(f"{earlier.name} is of an earlier version of Lineup and is not read")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            header = json.loads(stored["header"].tobytes())
            weights = [stored[name] for name in sorted(stored.files) if name.startswith("weight_")]
        if header.pop("format") != FORMAT:
            raise ValueError("another format")
        layout = NetworkLayout(**header)
        model = layout.build()
        assign(model.weights, weights)
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name} is not a network of Lineup: {error}") from error
    return model, layout
