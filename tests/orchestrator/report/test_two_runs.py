"""Two runs are compared on the faces that both tested: who is better, in which direction, and at which photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestrator.report.two_runs import compare_two, two_runs_lines
from storage.errors import InputError
from storage.finding_schemas import COMPARISON_TABLES
from storage.parts import part_path, write_part
from storage.runs import Run
from storage.schemas import SCORES, SPLITS
from tests.cluster import plan
from workers.synthetic.photo_folder import write_folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two") / "faces"
    write_folder(folder, people=2, photos=4, seed=3, side=160, processes=1)
    return folder


def table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    """A table in which a column that must be filled and is not holds nothing of its kind: 0, "" or []."""
    empty = {field.name: None if field.nullable else _nothing(field.type) for field in schema}
    return pa.Table.from_pylist([{**empty, **row} for row in rows], schema=schema)


def _nothing(kind: pa.DataType) -> Any:
    if pa.types.is_list(kind):
        return []
    return "" if pa.types.is_string(kind) or pa.types.is_dictionary(kind) else 0


def with_scores(run: Run, answers: dict[int, str]) -> Run:
    """The run with a winner and its test faces by fold: a capital letter is a face that it names rightly."""
    rows = [
        {
            "configuration": "knn-1",
            "repeat": 0,
            "fold": fold,
            "role": "test",
            "photo_key": face.lower(),
            "face_index": 0,
            "truth": "ada",
            "top_labels": ["ada" if face.isupper() else "bob"],
            "predicted": "ada" if face.isupper() else "bob",
        }
        for fold, faces in answers.items()
        for face in faces
    ]
    others = [{**row, "configuration": "majority", "predicted": "bob", "top_labels": ["bob"]} for row in rows]
    write_part(part_path(run.scores, "one"), table(SCORES, [*rows, *others]))
    splits = [{key: row[key] for key in ("repeat", "fold", "photo_key", "face_index", "role")} for row in rows]
    write_part(run.splits, table(SPLITS, splits))
    best = [{"configuration": "majority", "recommended": False}, {"configuration": "knn-1", "recommended": True}]
    write_part(run.table("comparison"), table(COMPARISON_TABLES["comparison"], best))
    return run


def test_the_difference_is_the_first_s_and_only_common_faces_count(photos: Path, tmp_path: Path) -> None:
    first = with_scores(plan(tmp_path / "store", photos, seed=1), {0: "ABCDEf"})
    second = with_scores(plan(tmp_path / "store", photos, seed=2), {0: "ABcd"})
    found = compare_two(first, second)
    assert found.faces == 4
    assert found.accuracies == (1.0, 0.5)
    assert (found.difference, found.only_first, found.only_second) == (0.5, 2, 0)
    assert found.p_first_better > found.p_second_better
    assert f"  {first.run_id}, knn-1: 100.0 %" in two_runs_lines(found)
    turned = compare_two(second, first)
    assert (turned.difference, turned.only_first, turned.only_second) == (-0.5, 0, 2)


def test_a_k_shot_run_is_compared_at_its_most_photos(photos: Path, tmp_path: Path) -> None:
    shots = {"kind": "k-shot", "shots": [1, 2], "repeats": 1}
    first = with_scores(plan(tmp_path / "store", photos, protocol=shots), {1: "abcdef", 2: "ABCD"})  # e, f: too few
    second = with_scores(plan(tmp_path / "store", photos, seed=2), {0: "ABcdEF"})
    found = compare_two(first, second)
    assert (found.faces, found.accuracies) == (4, (1.0, 0.5))


def test_runs_without_a_common_face_are_an_error(photos: Path, tmp_path: Path) -> None:
    first = with_scores(plan(tmp_path / "store", photos, seed=1), {0: "Ab"})
    second = with_scores(plan(tmp_path / "store", photos, seed=2), {0: "Cd"})
    with pytest.raises(InputError, match="no test face in common"):
        compare_two(first, second)
