"""The training face that a wrongly named face is nearest to, of the person that it was taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.report.material import ReportMaterial
from orchestrator.report.people import HardFace, face_picture

Face = tuple[str, int]


def beside_training(hard: Sequence[HardFace], material: ReportMaterial) -> list[HardFace]:
    """The same faces, each with the training face that it was taken for."""
    wrong = {each.face: (*each.split, each.instead) for each in hard}
    nearest = mistaken_for(material.faces, material.splits, wrong)
    crops = material.pictures.some(set(nearest.values()), "crop")
    keys, paths = (material.catalog[name].to_pylist() for name in ("photo_key", "path"))
    path_of = dict(zip(reversed(keys), reversed(paths), strict=True))
    return [
        replace(each, beside=face_picture(crops.get(other)), beside_path=path_of.get(other[0], other[0]))
        if (other := nearest.get(each.face))
        else each
        for each in hard
    ]


def mistaken_for(faces: pa.Table, splits: pa.Table, wrong: Mapping[Face, tuple[int, int, str]]) -> dict[Face, Face]:
    """The nearest training face by the engine's embedding; a face without one is left out.

    Args:
        faces, splits: RUN_FACES and SPLITS of `storage.schemas`.
        wrong: by face, the repeat and fold that tested it, and the name that it was given.
    """
    asked = pa.array(sorted({label for _, _, label in wrong.values()}), pa.string())
    training = pc.equal(splits["role"].cast(pa.string()), "train")
    rows = splits.filter(pc.and_(training, pc.is_in(splits["label"].cast(pa.string()), value_set=asked)))
    photos = {*rows["photo_key"].to_pylist(), *(photo for photo, _ in wrong)}
    embeddings = _embeddings(
        faces.filter(pc.is_in(faces["photo_key"], value_set=pa.array(sorted(photos), pa.string())))
    )
    trained: dict[tuple[int, int, str], list[Face]] = {}
    for row in rows.select(["repeat", "fold", "photo_key", "face_index", "label"]).to_pylist():
        place, face = (row["repeat"], row["fold"]), (row["photo_key"], row["face_index"])
        if face in embeddings:
            trained.setdefault((*place, row["label"]), []).append(face)
    found = {}
    for face, place_and_name in wrong.items():
        others = trained.get(place_and_name, [])
        if face in embeddings and others:
            away = [float(np.linalg.norm(embeddings[face] - embeddings[other])) for other in others]
            found[face] = others[int(np.argmin(away))]
    return found


def _embeddings(faces: pa.Table) -> dict[Face, npt.NDArray[np.float32]]:
    known = faces.filter(faces["embedding"].is_valid()).select(["photo_key", "face_index", "embedding"])
    if not known.num_rows:
        return {}
    keys = zip(known["photo_key"].to_pylist(), known["face_index"].to_pylist(), strict=True)
    values = np.asarray(known["embedding"].combine_chunks().flatten(), np.float32).reshape(known.num_rows, -1)
    return dict(zip(keys, values, strict=True))
