"""128 measurements of a face: dlib's ResNet, a network trained on triplets to put one person's faces close together.

Two faces nearer than 0.6 (Euclidean) are taken for one person (King, http://blog.dlib.net, 2017).
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from workers.faces import openvino_runtime
from workers.faces.images import Pixels
from workers.faces.models import model_path
from workers.faces.runtime import converted, session_of

Embedding = npt.NDArray[np.float32]
"""(128,)"""

Encoder = Callable[[Pixels], Embedding]
"""One chip of 150 x 150 RGB uint8 to its measurements."""


def load_encoder(name: str) -> Encoder:
    """An encoder by its name in `settings.CHOICES`."""
    if name in openvino_runtime.PRECISIONS:
        return _load_openvino(name)
    return {"onnx": _load_onnx, "dlib": _load_dlib}[name]()


@functools.cache
def _load_onnx() -> Encoder:
    """The same network in ONNX Runtime: within 1e-6 of dlib, many times as fast."""
    session = session_of("encoder")

    def encode(chip: Pixels) -> Embedding:
        embedding: Embedding = session.run(None, {"chip": chip[None]})[0][0]
        return embedding

    return encode


@functools.cache
def _load_openvino(name: str) -> Encoder:
    """The same graph in OpenVINO, where that extra is installed."""
    request = openvino_runtime.load_request(converted("encoder"), name)

    def encode(chip: Pixels) -> Embedding:
        # the request's buffers are used again by the next face
        return np.array(request.infer({0: chip[None]}, share_inputs=True, share_outputs=True)[0][0])

    return encode


@functools.cache
def _load_dlib() -> Encoder:
    """The network in dlib itself: the reference."""
    import dlib

    network = dlib.face_recognition_model_v1(str(model_path("encoder")))

    def encode(chip: Pixels) -> Embedding:
        return np.array(network.compute_face_descriptor(np.ascontiguousarray(chip)), dtype=np.float32)

    return encode


def embed(encode: Encoder, chip: Pixels, mirror: bool, jitter: int) -> Embedding:
    """The mean over the chip, its mirror image and its jittered copies, as far as these are asked for."""
    chips = [chip]
    if jitter:
        chips += _jittered(chip, jitter)
    if mirror:
        chips += [one[:, ::-1] for one in chips]
    if len(chips) == 1:
        return encode(chip)
    measured = np.stack([encode(np.ascontiguousarray(one)) for one in chips])
    mean: Embedding = measured.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


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
