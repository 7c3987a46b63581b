"""128 measurements of a face: dlib's ResNet, a network trained on triplets to put one person's faces close together.

Two faces nearer than 0.6 (Euclidean) are taken for one person (King, http://blog.dlib.net, 2017).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from workers.faces.align.chips import ENCODER_SIDE
from workers.faces.models import openvino_runtime
from workers.faces.models.model_files import model_path
from workers.faces.models.onnx_sessions import converted, session_of
from workers.faces.photo import Pixels

Embedding = npt.NDArray[np.float32]
"""(128,)"""

Embeddings = npt.NDArray[np.float32]
"""(N, 128)"""

FaceEncoder = Callable[[Pixels], Embeddings]
"""N chips (N, 150, 150, 3) RGB uint8 to their measurements; a chip's do not depend on the others."""

BATCH = 8
"""Chips that are measured together: a network's weights then come from memory once for all of them."""


def load_face_encoder(name: str) -> FaceEncoder:
    """An encoder by its name in `EngineSettings.encoder`."""
    if name in openvino_runtime.PRECISIONS:
        return _load_openvino(name)
    return {"onnx": _load_onnx, "dlib": _load_dlib}[name]()


@functools.cache
def _load_onnx() -> FaceEncoder:
    """The same network in ONNX Runtime: within 1e-6 of dlib, many times as fast."""
    session = session_of("encoder")

    def encode(chips: Pixels) -> Embeddings:
        embeddings: Embeddings = session.run(None, {"chips": chips})[0]
        return embeddings

    return encode


@functools.cache
def _load_openvino(name: str) -> FaceEncoder:
    """The same graph in OpenVINO, where that extra is installed; one chip a call, since it compiles for one shape."""
    request = openvino_runtime.load_request(converted("encoder"), name, (1, ENCODER_SIDE, ENCODER_SIDE, 3))

    def encode(chips: Pixels) -> Embeddings:
        # the request's buffers are used again by the next face
        inferred = (request.infer({0: chip[None]}, share_inputs=True, share_outputs=True)[0][0] for chip in chips)
        return np.array([np.array(embedding) for embedding in inferred])

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
    """Of each chip the mean over it, its mirror image and its jittered copies, as far as these are asked for."""
    copies = [_copies(chip, mirror, jitter) for chip in chips]
    every = np.stack([copy for several in copies for copy in several])
    measured = np.concatenate([encode(every[start : start + BATCH]) for start in range(0, len(every), BATCH)])
    mean: Embeddings = measured.reshape(len(chips), -1, measured.shape[1]).mean(axis=1, dtype=np.float64)
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
