"""Results and detection failures by subgroup."""

from __future__ import annotations

import pyarrow as pa
import pytest

from storage.schemas import CATALOG, FACES
from tests.workers.compare.conftest import PEOPLE, PHOTOS, Study
from workers.compare.intervals import jeffreys
from workers.compare.subgroups import subgroup_table


def tables(subgroups: dict[str, str]) -> tuple[pa.Table, pa.Table]:
    """Ann's photos and one more of hers without a face; the subgroup of a photo by its key."""
    blank = {"path": "", "bytes": 1, "duplicate_group": 0, "outcome": "ok", "reason": ""}
    keys = [(f"{label}{i}", label) for label in PEOPLE for i in range(PHOTOS)] + [("dark", "ann")]
    rows = [{**blank, "photo_key": key, "label": who, "subgroup": subgroups.get(key)} for key, who in keys]
    face = {"reason": "", "note": "", "detector": "hog", "face_index": 0, "outcome": "ok"}
    faces = [{**face, "photo_key": key, "outcome": "no_face" if key == "dark" else "ok"} for key, _ in keys]
    return pa.Table.from_pylist(rows, CATALOG), pa.Table.from_pylist(faces, FACES)


def test_a_subgroup_has_its_accuracy_over_distinct_faces_and_its_photos_without_a_face(study: Study) -> None:
    catalog, faces = tables({**{f"ann{i}": "night" for i in range(4)}, "dark": "night"})
    night, rest = sorted(
        (row for row in subgroup_table(study.scores, catalog, faces, ["good"]).to_pylist()),
        key=lambda row: row["subgroup"] == "",
    )
    assert (night["subgroup"], night["faces"], night["photos"], night["without_face"]) == ("night", 4, 5, 1)
    assert (rest["subgroup"], rest["faces"], rest["photos"], rest["without_face"]) == ("", 20, 20, 0)
    shares = [
        [row["predicted"] == row["truth"] for row in study.score_rows("good") if row["photo_key"] == f"ann{i}"]
        for i in range(4)
    ]
    hits = sum(sum(each) / len(each) for each in shares)
    assert night["accuracy"] == pytest.approx(hits / 4)
    assert (night["low"], night["high"]) == pytest.approx(jeffreys(hits, 4))


def test_a_subgroup_without_a_face_is_told_all_the_same(study: Study) -> None:
    catalog, faces = tables({"dark": "night"})
    row = next(r for r in subgroup_table(study.scores, catalog, faces, ["good"]).to_pylist() if r["subgroup"])
    assert (row["faces"], row["accuracy"], row["without_face"]) == (0, None, 1)


def test_without_subgroups_there_is_no_row(study: Study) -> None:
    assert subgroup_table(study.scores, *tables({}), ["good"]).num_rows == 0
