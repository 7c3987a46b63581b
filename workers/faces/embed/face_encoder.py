"""Face chip to embedding: dlib's ResNet, 128 dimensions.

The network was trained so that faces of one person lie close together. dlib's rule: two faces at a Euclidean distance
below 0.6 are one person (King, http://blog.dlib.net, 2017).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from workers.faces.models import openvino_runtime
from workers.faces.models.model_cache import converted
from workers.faces.models.model_files import model_path
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Pixels

Embedding = npt.NDArray[np.float32]
"""(128,) float32."""

Embeddings = npt.NDArray[np.float32]
"""(N, 128) float32."""

FaceEncoder = Callable[[Pixels], Embeddings]
"""Chips (N, 150, 150, 3) uint8 RGB to their embeddings; an embedding does not depend on the other chips."""

BATCH = 8
"""Chips in one run of the network: its weights are then read from memory once for all of them."""


def load_face_encoder(name: str, provider: str = "cpu") -> FaceEncoder:
    """The encoder of a name that `EngineSettings.encoder` allows, loaded once a process.

    The provider is that of `EngineSettings`; only "onnx" has one.

    Raises:
        EngineError: its model file is missing, or its runtime cannot run here.

    >>> encode = load_face_encoder("onnx")
    >>> grey, black = np.full((150, 150, 3), 128, np.uint8), np.zeros((150, 150, 3), np.uint8)
    >>> one, same, other = encode(np.stack([grey, grey, black]))
    >>> float(np.linalg.norm(one - same)), bool(np.linalg.norm(one - other) > 0)
    (0.0, True)
    """
    if name in openvino_runtime.PRECISIONS:
        return _load_openvino(name)
    return _load_dlib() if name == "dlib" else _load_onnx(provider)


@functools.cache
def _load_onnx(provider: str) -> FaceEncoder:
    """The network in ONNX Runtime: within 1e-6 of dlib, many times as fast."""
    session = session_of("encoder", provider)

    def encode(chips: Pixels) -> Embeddings:
        embeddings: Embeddings = session.run(None, {"chips": chips})[0]
        return embeddings

    return encode


@functools.cache
def _load_openvino(name: str) -> FaceEncoder:
    """The network in OpenVINO, an optional extra."""
    openvino_runtime.check_openvino(name)
    request = openvino_runtime.load_request(converted("encoder"), name)

    def encode(chips: Pixels) -> Embeddings:
        found = request.infer({0: np.ascontiguousarray(chips)}, share_inputs=True, share_outputs=True)
        embeddings: Embeddings = np.array(found[0])  # the next faces overwrite the request's buffers
        return embeddings

    return encode


@functools.cache
def _load_dlib() -> FaceEncoder:
    """The network in dlib itself: the reference."""
    import dlib

    network = dlib.face_recognition_model_v1(str(model_path("encoder")))

    def encode(chips: Pixels) -> Embeddings:
        return np.array([network.compute_face_descriptor(np.ascontiguousarray(chip)) for chip in chips], np.float32)

    return encode


def embed_chips(encode: FaceEncoder, chips: Sequence[Pixels], mirror: bool, jitter: int) -> Embeddings:
    """Embed chips, each as the mean over it and its copies.

    Args:
        encode: from `load_face_encoder`.
        chips: each (150, 150, 3) uint8, RGB; at least one.
        mirror: whether mirror images count as copies.
        jitter: number of copies that are turned, scaled and shifted a little, the same each time.

    Returns:
        (chips, 128) float32.
    """
    copies = [_copies(chip, mirror, jitter) for chip in chips]
    every = np.stack([copy for several in copies for copy in several])
    embeddings = np.concatenate([encode(every[start : start + BATCH]) for start in range(0, len(every), BATCH)])
    mean: Embeddings = embeddings.reshape(len(chips), -1, embeddings.shape[1]).mean(axis=1, dtype=np.float64)
    return mean.astype(np.float32)


def _copies(chip: Pixels, mirror: bool, jitter: int) -> list[Pixels]:
    copies = [chip, *(_jittered(chip, jitter) if jitter else ())]
    return copies + [one[:, ::-1] for one in copies] if mirror else copies


def _jittered(chip: Pixels, count: int) -> list[Pixels]:
    """Copies turned by up to 3 degrees, scaled by up to 5 % and shifted by up to 2 %: the same for every chip."""
    import cv2

    side = chip.shape[0]
    random = np.random.default_rng(count)
    copies = []
    for _ in range(count):
        turn, scale = random.uniform(-3, 3), random.uniform(0.95, 1.05)
        matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), turn, scale)
        matrix[:, 2] += random.uniform(-0.02, 0.02, size=2) * side
        copies.append(cv2.warpAffine(chip, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE))
    return [np.asarray(copy, dtype=np.uint8) for copy in copies]
