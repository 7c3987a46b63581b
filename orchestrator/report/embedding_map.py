"""Faces on a plane where neighbours have similar embeddings: t-SNE after PCA, the same for the same faces.

Pure geometry and thumbnails; `bokeh_figures` draws it.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.report.material import ReportMaterial
from orchestrator.text import printable
from storage.tables import usable_rows

MOST_FACES = 1500
"""Of more faces an even share of every person's is shown: t-SNE takes seconds, and thumbnails bytes."""
FEWEST_FACES = 8
THUMBNAIL_SIDE = 48
_DIMENSIONS = 30
_ROUNDS = 500


@dataclass(frozen=True)
class MappedFaces:
    """Faces by person and path.

    Attributes:
        x, y: where each face is; the axes have no unit.
        labels, paths: without letters that steer a terminal or turn the direction of writing.
        said: by the recommended configuration in the first repeat, where it was wrong; empty elsewhere.
        thumbnails: JPEG, base64.
        total: how many faces the run has.
    """

    x: list[float]
    y: list[float]
    labels: list[str]
    paths: list[str]
    said: list[str]
    thumbnails: list[str]
    total: int


def embedding_map(material: ReportMaterial, winner: str) -> MappedFaces | None:
    """The map of the embeddings by which the recommended configuration names faces; None where there are too few."""
    rows, total = _sampled(material)
    if len(rows) < FEWEST_FACES:
        return None
    said = _wrong_names(material.scores, winner)
    crops = material.pictures.some({(row["photo_key"], row["face_index"]) for row in rows}, "crop")
    points = plane_of(np.array([row["embedding"] for row in rows], np.float32))
    return MappedFaces(
        x=[round(float(value), 2) for value in points[:, 0]],
        y=[round(float(value), 2) for value in points[:, 1]],
        labels=[printable(row["label"]) for row in rows],
        paths=[printable(row["path"]) for row in rows],
        said=[printable(said.get((row["photo_key"], row["face_index"]), "")) for row in rows],
        thumbnails=[thumbnail(crops.get((row["photo_key"], row["face_index"]))) for row in rows],
        total=total,
    )


def plane_of(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Points of embeddings, float32 (faces, dimensions) to (faces, 2); equal input gives equal points."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    size = min(_DIMENSIONS, *embeddings.shape)
    reduced = PCA(n_components=size, svd_solver="full").fit_transform(embeddings)
    perplexity = min(30.0, (len(reduced) - 1) / 3)
    drawn = TSNE(perplexity=perplexity, init="pca", max_iter=_ROUNDS, random_state=0, n_jobs=1)
    points: npt.NDArray[np.float32] = drawn.fit_transform(reduced)
    return points


def thumbnail(crop: bytes | None) -> str:
    """A crop, JPEG bytes of this run, as a small JPEG in base64; empty where it cannot be read."""
    from PIL import Image

    if not crop:
        return ""
    try:
        with Image.open(io.BytesIO(crop), formats=("JPEG",)) as picture:
            small = picture.convert("RGB").resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    except OSError:
        return ""
    written = io.BytesIO()
    small.save(written, "JPEG", quality=70)
    return base64.b64encode(written.getvalue()).decode("ascii")


def _sampled(material: ReportMaterial) -> tuple[list[dict[str, Any]], int]:
    """Faces with an embedding by person and photo, at most MOST_FACES of them, and how many there are."""
    usable = usable_rows(material.catalog)
    known = (usable[name].to_pylist()[::-1] for name in ("photo_key", "label", "path"))
    photos = {key: (label, path) for key, label, path in zip(*known, strict=True)}
    faces = material.faces if material.map_faces is None else material.map_faces
    columns = (faces[name].to_pylist() for name in ("photo_key", "face_index", "outcome"))
    measured = faces["embedding"].is_valid().to_pylist()
    found = [
        (*photos[key], index, place)
        for place, (key, index, outcome, is_measured) in enumerate(zip(*columns, measured, strict=True))
        if is_measured and outcome == "ok" and key in photos
    ]
    found.sort()
    places = np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST_FACES)).round().astype(int))
    shown = [found[place] for place in places]
    columns_shown = faces.select(["photo_key", "face_index", "embedding"])
    rows = columns_shown.take(pa.array([place for *_, place in shown], pa.int64())).to_pylist()
    named = [{**row, "label": label, "path": path} for row, (label, path, *_) in zip(rows, shown, strict=True)]
    return named, len(found)


def _wrong_names(scores: pa.Table, winner: str) -> dict[tuple[str, int], str]:
    columns = ["configuration", "repeat", "role", "photo_key", "face_index", "truth", "predicted"]
    mine = pc.equal(pc.cast(scores["configuration"], pa.string()), winner)
    return {
        (row["photo_key"], row["face_index"]): row["predicted"]
        for row in scores.select(columns).filter(mine).to_pylist()
        if row["repeat"] == 0 and row["role"] == "test"
        if row["predicted"] != row["truth"]
    }
