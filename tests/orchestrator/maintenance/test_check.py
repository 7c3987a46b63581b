"""A run that is whole passes; whatever is wrong with one is named, and nothing is touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from orchestrator.maintenance.check import check_run
from orchestrator.maintenance.consistency import split_faults, suspect_faults
from storage.finding_schemas import COMPARISON_TABLES, PAIRS, SELECTION
from storage.parts import list_parts, read_metadata, read_part, write_part
from storage.runs import Run, open_run
from storage.schemas import CATALOG, EXCLUDED, FITS, RUN_FACES, SCORES, SPLITS
from storage.tables import read_table
from tests.orchestrator.conftest import Call
from workers.jobs.compare_run import compare


def rewrite(path: Path, schema: pa.Schema, change: Callable[[pa.Table], pa.Table]) -> None:
    """Write a table with valid checksums and the same metadata, but other rows."""
    table = read_part(path, schema)
    assert table is not None
    write_part(path, change(table), read_metadata(path))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip(path: Path) -> None:
    """Change one bit in the middle, as a tired disk does."""
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def without_first(table: pa.Table) -> pa.Table:
    return table.slice(1)


def first_twice(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(0, 1), table])


def with_first(column: str, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        rows[0][column] = value
        return pa.Table.from_pylist(rows, schema=table.schema)

    return change


def score_part(run: Run) -> Path:
    return list_parts(run.scores)[0]


def model_file(run: Run) -> Path:
    return run.model / "knn-1" / "recogniser.json"


def spoil_fingerprint(run: Run) -> None:
    plan = json.loads((run.folder / "run.json").read_text())
    plan["experiment"]["seed"] += 1
    (run.folder / "run.json").write_text(json.dumps(plan))


def of_another_run(path: Path, schema: pa.Schema) -> None:
    table = read_part(path, schema)
    assert table is not None
    write_part(path, table, {"lineup.run": "0" * 32})


def fail_the_fit(run: Run) -> None:
    rewrite(run.fits / score_part(run).name, FITS, with_first("outcome", "failed"))


DAMAGES: dict[str, tuple[Callable[[Run], object], str]] = {
    "a truncated table": (lambda run: truncate(run.faces), "faces.parquet is damaged"),
    "an empty part": (lambda run: score_part(run).write_bytes(b""), "is damaged"),
    "a flipped bit in an embedding's part": (
        lambda run: flip(list_parts(run.encodings / "faces")[0]),
        "is damaged",
    ),
    "a part of another schema": (lambda run: shutil.copy(run.splits, score_part(run)), "of another version"),
    "a part of another run": (lambda run: of_another_run(run.splits, SPLITS), "belongs to 0000"),
    "a lost photo": (lambda run: rewrite(run.faces, RUN_FACES, without_first), "no outcome for"),
    "a photo twice": (lambda run: rewrite(run.faces, RUN_FACES, first_twice), "more or less than one outcome"),
    "a failure with a success": (
        lambda run: rewrite(run.faces, RUN_FACES, with_first("outcome", "poisoned and ok")),
        "more or less than one outcome",
    ),
    "a face of nobody": (
        lambda run: rewrite(run.faces, RUN_FACES, with_first("photo_key", "f" * 64)),
        "does not submit",
    ),
    "lost pictures": (lambda run: shutil.rmtree(run.encodings / "faces"), "the pictures of"),
    "a path twice": (lambda run: rewrite(run.catalog, CATALOG, first_twice), "several rows of"),
    "another label": (lambda run: rewrite(run.catalog, CATALOG, with_first("label", "eve")), "another fingerprint"),
    "another seed in the plan": (spoil_fingerprint, "another fingerprint"),
    "a renamed test face": (lambda run: rewrite(run.splits, SPLITS, with_first("label", "eve")), "not the catalogue's"),
    "a face with two roles": (lambda run: rewrite(run.splits, SPLITS, first_twice), "several roles"),
    "a score that is missing": (lambda run: rewrite(score_part(run), SCORES, without_first), "or not the same ones"),
    "a score that is there twice": (lambda run: rewrite(score_part(run), SCORES, first_twice), "scores for"),
    "a lost part": (lambda run: score_part(run).unlink(), "are missing or damaged"),
    "scores of no training": (
        lambda run: shutil.copy(score_part(run), run.scores / f"{'0' * 32}.parquet"),
        "no training of this run",
    ),
    "a failed fit with scores": (fail_the_fit, "failed, and has scores"),
    "a half-written file": (lambda run: (run.scores / ".part.writing").touch(), "left by a writer that died"),
    "a half-built model": (lambda run: (run.model / ".knn-1.1234.building").mkdir(), "left by a writer that died"),
    "a damaged model": (lambda run: model_file(run).write_text("{"), "cannot be read"),
    "a model of another run": (lambda run: model_file(run).write_text('{"fingerprint": "f"}'), "belongs to 'f'"),
    "no report": (lambda run: (run.report / "index.html").unlink(), "not finished"),
    "a lost pair": (lambda run: rewrite(run.table("pairs"), PAIRS, without_first), "each two configurations"),
    "a lost configuration": (
        lambda run: rewrite(run.table("selection"), SELECTION, without_first),
        "selection.parquet does not hold",
    ),
    "a damaged table of the report": (lambda run: truncate(run.table("near_duplicates")), "near_duplicates.parquet is"),
    "a lost table of the report": (lambda run: run.table("people").unlink(), "no people.parquet"),
    "a report of nothing": (lambda run: run.comparison.unlink(), "no comparison.parquet"),
}


def test_a_finished_run_is_whole(hostile_run: Run) -> None:
    verdict = check_run(hostile_run)
    assert verdict.faults == ()
    assert verdict.photos == 21
    # 4 tables, 2 trainings, and encodings of 20 photos with what they cost
    assert verdict.parts >= 4 + 2 * 2 + 2


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_named(copied: Run, damage: str) -> None:
    spoil, words = DAMAGES[damage]
    spoil(copied)
    before = {path: path.read_bytes() for path in copied.folder.rglob("*") if path.is_file()}
    faults = check_run(open_run(copied.folder.parents[1], copied.run_id)).faults
    assert any(words in fault for fault in faults), faults
    assert {path: path.read_bytes() for path in copied.folder.rglob("*") if path.is_file()} == before


def test_suspects_are_those_of_the_catalogue() -> None:
    photo = {"photo_key": "a", "path": "ada/1.jpg", "label": "ada"}
    catalog = pa.Table.from_pylist([photo])
    assert list(suspect_faults(pa.Table.from_pylist([{"rank": 1, **photo}]), catalog)) == []
    assert len(list(suspect_faults(pa.Table.from_pylist([{"rank": 1, **photo, "label": "ben"}]), catalog))) == 1
    assert len(list(suspect_faults(pa.Table.from_pylist([{"rank": 2, **photo}]), catalog))) == 1


def test_a_photo_that_its_owner_leaves_out_names_no_face_of_the_splits(copied: Run) -> None:
    catalog, faces = read_table(copied.catalog, CATALOG), read_table(copied.faces, RUN_FACES)
    again = {**catalog.to_pylist()[0], "path": "zz.jpg", "label": "another", "outcome": EXCLUDED}
    splits = read_table(copied.splits, SPLITS)
    with_it = pa.Table.from_pylist([*catalog.to_pylist(), again], schema=CATALOG)
    assert list(split_faults(splits, with_it, faces)) == []


def test_check_says_each_fault_on_a_line_and_exits_with_1(copied: Run, call: Call) -> None:
    store = copied.folder.parents[1]
    good = call(store, "check", copied.run_id)
    assert (good.exit_code, "all is well" in good.output) == (0, True)
    truncate(copied.splits)
    rewrite(copied.faces, RUN_FACES, without_first)
    bad = call(store, "check", copied.run_id)
    lines = bad.output.splitlines()
    assert bad.exit_code == 1
    assert len(lines) == 2
    assert all(line.startswith(copied.run_id) and line.isprintable() for line in lines)
    told = json.loads(call(store, "check", "--json").output)
    assert (told["run_id"], told["photos"], len(told["faults"])) == (copied.run_id, 21, 2)


def test_a_lost_table_of_the_comparison_unfinishes_the_run_and_is_made_again_to_the_byte(copied: Run) -> None:
    before = {name: copied.table(name).read_bytes() for name in COMPARISON_TABLES}
    copied.table("people").unlink()
    assert not copied.finished
    compare(copied)
    assert copied.finished
    assert {name: copied.table(name).read_bytes() for name in COMPARISON_TABLES} == before
