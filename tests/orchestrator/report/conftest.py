"""A small run, made by hand: three people with drawn faces, three configurations that fit, one that fails."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from orchestrator.report.bokeh_figures import page_scripts
from orchestrator.report.material import ReportMaterial
from storage.finding_schemas import OPERATING_POINTS
from storage.schemas import FACES, TABLES
from tests.table_pictures import TablePictures
from workers.synthetic import draw_identity, draw_scene, render

PEOPLE = ("ada", "<script>alert(1)</script>", "$x_{1}$ & co")
PHOTOS = 4

Row = dict[str, Any]

END_TO_END = {"end_to_end_accuracy": 0.93, "end_to_end_low": 0.87, "end_to_end_high": 0.96}


def table(name: str, rows: Iterable[Row]) -> pa.Table:
    """Rows as the table of that name; columns that a row leaves out are null."""
    schema = TABLES[name]
    return pa.Table.from_pylist([{field: row.get(field) for field in schema.names} for row in rows], schema)


def compared(
    configuration: str, rank: int, accuracy: float | None, low: float | None, high: float | None, **more: Any
) -> Row:
    row: Row = {"configuration": configuration, "view": "embedding", "rank": rank, "outcome": "ok", "reason": ""}
    row |= {"test_faces": 120, "accuracy": accuracy, "accuracy_low": low, "accuracy_high": high}
    row |= {"balanced_accuracy": accuracy, "practically_equal_to": [], "outside_family": "", "excluded_because": ""}
    row |= {
        "hits": 0 if accuracy is None or math.isnan(accuracy) else round(accuracy * 120),
        "answers": 120,
        "recommended": rank == 1,
        "decided_by": "accuracy",
    }
    row |= {"fit_seconds": 0.5 * rank, "latency_p50_ms": 0.1 * rank, "latency_p95_ms": 0.3 * rank}
    return row | more


def operating_point(configuration: str, **more: Any) -> Row:
    """A row of OPERATING_POINTS: 2 of 208 known faces turned away, 1 of 51 strangers' faces let in."""
    row: Row = {"configuration": configuration, "threshold": -0.55, "threshold_likeness": 58.0, "rule": "by hand"}
    row |= {"known_named": 206 / 208, "known_low": 0.96, "known_high": 0.999, "known_faces": 208, "known_people": 6}
    row |= {"turned_away": 2 / 208, "turned_away_low": 0.001, "turned_away_high": 0.04}
    row |= {"strangers_in": 1 / 51, "strangers_low": 0.0, "strangers_high": 0.11, "stranger_faces": 51}
    row |= {"stranger_people": 6, "worst_person": "ada", "worst_turned_away": 2.0, "worst_faces": 22}
    return row | more


def operating_points_of(*rows: Row) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=OPERATING_POINTS)


def compare(*rows: Row) -> pa.Table:
    return table("comparison", rows)


def _picture(person: int, photo: int) -> bytes:
    buffer = io.BytesIO()
    pixels = render(draw_identity(3, person), draw_scene(3, person, photo), 128)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def _photos() -> tuple[list[Row], list[Row]]:
    catalog: list[Row] = []
    faces: list[Row] = []
    for person, label in enumerate(PEOPLE):
        for photo in range(PHOTOS):
            key = f"{person}{photo}" * 4
            catalog.append({"photo_key": key, "path": f"{label}/{photo}.jpg", "label": label, "bytes": 1})
            picture = _picture(person, photo)
            faces.append({"photo_key": key, "face_index": 0, "outcome": "ok", "crop": picture, "aligned": picture})
    catalog.append({"photo_key": "bad", "path": "ada/<b>torn.jpg", "label": "ada", "bytes": 1})
    catalog.append({"photo_key": "0000" * 2, "path": "ada/again.jpg", "label": "ada", "bytes": 1})
    faces.append({"photo_key": "bad", "face_index": 0, "outcome": "unreadable", "reason": "ends after 14 kB <i>"})
    groups = {key: n for n, key in enumerate(dict.fromkeys(row["photo_key"] for row in catalog))}
    catalog = [{"outcome": "ok", "reason": "", "duplicate_group": groups[row["photo_key"]], **row} for row in catalog]
    faces = [{"reason": "", "note": "", "detector": "hog", **row} for row in faces]
    return catalog, faces


def _results(faces: list[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    splits: list[Row] = []
    scores: list[Row] = []
    fits: list[Row] = []
    found = [row for row in faces if row["outcome"] == "ok"]
    place = {"repeat": 0, "fold": 0}
    for number, row in enumerate(found):
        truth = PEOPLE[number // PHOTOS]
        face = {"photo_key": row["photo_key"], "face_index": 0, **place}
        splits.append({**face, "label": truth, "group": number, "role": "test" if number % 2 else "train"})
        for name in ("svm-linear", "knn-3", "cnn-small"):
            said = PEOPLE[0] if name == "cnn-small" or number == 5 else truth
            common = {"configuration": name, "role": "test", "top_labels": [said], "top_scores": [0.9]}
            if number % 2:
                more = {"truth": truth, "predicted": said, "truth_probability": 0.5, "known_score": 0.5}
                scores.append({**face, **common, **more})
    curve = {"loss": [2.0, 1.0, 0.6], "val_loss": [2.1, 1.4, 1.3], "accuracy": [0.3, 0.6, 0.9]}
    for name, history in (("svm-linear", ""), ("cnn-small", json.dumps(curve))):
        fits.append({"configuration": name, **place, "outcome": "ok", "reason": "", "chosen": "{}"})
        fits[-1] |= {"history": history, "host": "here", "finished": datetime(2026, 1, 1, tzinfo=UTC)}
    return splits, scores, fits


def without_scripts(page: str) -> str:
    """The page without its own scripts and their data; a script of a hostile name would stay."""
    for script in page_scripts():
        page = page.replace(f"<script>{script}</script>", "")
    return re.sub(r'<script type="application/json">[^<]*</script>', "", page)


@pytest.fixture(scope="session")
def material() -> ReportMaterial:
    """A run whose labels, paths and reasons are hostile."""
    catalog, faces = _photos()
    splits, scores, fits = _results(faces)
    return ReportMaterial(
        name="demo <&>",
        run_id="r-1",
        experiment={"name": "demo", "seed": 42},
        fingerprint="f" * 16,
        wall_seconds=12.5,
        versions={"numpy": "2", "dlib": "20"},
        catalog=table("catalog", catalog),
        faces=table("faces", faces),
        pictures=TablePictures(pa.Table.from_pylist(faces, schema=FACES)),
        splits=table("splits", splits),
        scores=table("scores", scores),
        fits=table("fits", fits),
        comparison=compare(
            compared("svm-linear", 1, 0.98, 0.94, 0.995, practically_equal_to=["knn-3"], **END_TO_END),
            compared("knn-3", 2, 0.97, 0.93, 0.99),
            compared("cnn-small", 3, 0.75, 0.66, 0.82, view="crop"),
            compared("cnn-big", 4, None, None, None, outcome="failed", reason="out of memory <hr>"),
        ),
    )
