"""Embed faces that the engine has placed with further encoders: of a chunk's photos all together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from storage.engine_settings import EngineSettings
from workers.faces.decode.full_size import FullSizeRefused
from workers.faces.detected_face import DetectedFace
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.photo import Pixels
from workers.faces.stopwatch import timed

OtherEncoders = Mapping[str, OnnxFaceEncoder]
"""By name: encoders that embed the faces as well."""

NO_OTHERS: OtherEncoders = {}


def embed_by_others(faces: Sequence[DetectedFace], others: OtherEncoders, settings: EngineSettings) -> None:
    """Add the embeddings of each encoder to the records of faces.

    A photo that cannot be read at full size, where an encoder asks for it, has no faces afterwards.

    Args:
        faces: all faces of their photos; their results have the records.
        settings: of the engine.
    """
    photos = list({id(face.result): face for face in faces}.values())
    for name, encoder in others.items():
        chips: list[list[Pixels]] = []
        for one in photos:
            with timed(one.result.seconds, f"encode {name}"):
                chips.append(_chips(one, encoder))
        _embed(name, encoder, photos, chips, settings)


def _chips(one: DetectedFace, encoder: OnnxFaceEncoder) -> list[Pixels]:
    """The encoder's pictures of all faces of a photo."""
    try:
        return encoder.chips_in_photo(one.decoded, [face.points for face in one.result.faces], one.full)
    except FullSizeRefused as fault:
        one.result.faces = []
        one.result.refuse(fault.refusal)
        return []


def _embed(
    name: str,
    encoder: OnnxFaceEncoder,
    photos: Sequence[DetectedFace],
    chips: Sequence[Sequence[Pixels]],
    settings: EngineSettings,
) -> None:
    """Embed the chips of all photos; each photo is charged an equal share of the time for each of its faces."""
    every = [chip for several in chips for chip in several]
    if not every:
        return
    began = time.perf_counter()
    rows = iter(encoder.embed(every, settings.mirror, settings.jitter))
    share = (time.perf_counter() - began) / len(every)
    for one in photos:
        result = one.result
        result.faces = [replace(face, others={**face.others, name: next(rows)}) for face in result.faces]
        result.seconds[f"encode {name}"] += share * len(result.faces)
