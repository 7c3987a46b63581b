"""Records of the face engine as a fitted model takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from storage.schemas import EMBEDDING_SIZE
from workers.faces.records import FaceRecord
from workers.learning.arrays import Floats
from workers.learning.combined_encoders import side_by_side
from workers.learning.configurations import RUN_ENCODER, encoder_parts
from workers.learning.encoder.picture_encoder import Encoder
from workers.learning.face_arrays import Faces
from workers.learning.face_batch import FaceBatch
from workers.recognition.encoders_of_model import NO_ENCODERS, LoadedEncoder


def faces_as_batch(
    faces: Sequence[FaceRecord], view: str, encoder: str = "", encoders: Mapping[str, LoadedEncoder] = NO_ENCODERS
) -> FaceBatch:
    """The faces in a view (`learning.face_arrays.Faces.view`), and their embeddings.

    Pictures are decoded from the engine's JPEGs, as they were for fitting.

    Args:
        faces: embedded with the encoders that are needed, and no other need have embedded them.
        view: crop, aligned, embedding or none.
        encoder: of the configuration; empty for the engine's own.
        encoders: the others that it names.
    """
    rows = [face.embedding for face in faces]
    found = Faces(
        keys=tuple(face.photo_key for face in faces),
        face_index=np.asarray([face.face_index for face in faces], np.int16),
        embedding=np.asarray(rows, np.float32).reshape(len(rows), len(rows[0]) if rows else EMBEDDING_SIZE),
        jpegs={"crop": [face.crop for face in faces], "aligned": [face.aligned for face in faces]},
    )
    parts = {name: _embedded(faces, found, name, encoders) for name in encoder_parts(encoder)}
    if not parts:
        return found.batch(view)
    embedding = side_by_side(parts) if len(parts) > 1 else next(iter(parts.values()))
    return FaceBatch(embedding if view == "embedding" else found.view(view), embedding)


def _embedded(faces: Sequence[FaceRecord], found: Faces, name: str, encoders: Mapping[str, LoadedEncoder]) -> Floats:
    if name == RUN_ENCODER:
        return found.embedding
    encoder = encoders[name]
    if isinstance(encoder, Encoder):
        return encoder(found.view(encoder.view))
    rows = [face.others[name] for face in faces]
    return np.asarray(rows, np.float32).reshape(len(rows), encoder.size)
