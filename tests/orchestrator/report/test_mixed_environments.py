"""A run says in one sentence that it was computed with different versions or processors, and only then."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from orchestrator.cli.output import print_result
from orchestrator.report.build import draw_report
from orchestrator.report.mixed_environments import environments_used, mixed_sentence, sentence_of
from storage.encodings import SMALL_PARTS, compact
from storage.parts import list_parts, part_name, part_path, read_part, read_parts, write_part
from storage.runs import Run, open_run
from storage.schemas import EFFORTS, FITS
from tests.tiny_run import tiny_run
from workers.numeric_environment import numeric_environment

OTHER = "numpy 0.1, python 3.11"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return tiny_run(tmp_path_factory.mktemp("mixed"), people=2, photos=4)


@pytest.fixture
def run(finished: Run, tmp_path: Path) -> Run:
    shutil.copytree(finished.store, tmp_path / "store")
    return open_run(tmp_path / "store", finished.run_id)


def rewrite(part: Path, schema: pa.Schema, **columns: object) -> None:
    """Write a part again with another value in all rows of some columns."""
    table = read_part(part, schema)
    assert table is not None
    rows = [{**row, **columns} for row in table.to_pylist()]
    write_part(part, pa.Table.from_pylist(rows, schema))


def test_a_run_of_one_machine_notes_its_environment_and_says_nothing(run: Run) -> None:
    for folder, schema in ((run.fits, FITS), (run.encodings / "efforts", EFFORTS)):
        noted = read_parts(list_parts(folder), schema, ["environment"])["environment"].to_pylist()
        assert {*noted} == {numeric_environment()}
    assert environments_used(run) == (numeric_environment(),)
    assert mixed_sentence(run) == ""


def test_trainings_with_another_numpy_are_told_on_the_terminal_and_in_the_report(run: Run) -> None:
    rewrite(list_parts(run.fits)[0], FITS, environment=OTHER)
    sentence = mixed_sentence(run)
    assert sentence.startswith("Results were computed with two versions of numpy (0.1 / ")
    assert sentence.endswith("): scores may differ by rounding.")
    out = io.StringIO()
    print_result(run, Console(file=out, width=200))
    assert sentence in out.getvalue()
    assert "two versions of numpy" in draw_report(run).read_text()


def test_photos_of_another_run_do_not_count(run: Run) -> None:
    folder = run.encodings / "efforts"
    rewrite(list_parts(folder)[0], EFFORTS, environment=OTHER)
    assert OTHER in environments_used(run)
    rewrite(list_parts(folder)[0], EFFORTS, photo_key="0" * 64)
    assert OTHER not in environments_used(run)


def test_parts_of_before_it_was_noted_do_not_count(run: Run) -> None:
    for part in list_parts(run.encodings / "efforts"):
        table = read_part(part, EFFORTS)
        assert table is not None
        write_part(part, table.drop_columns(["environment"]))
    assert environments_used(run) == (numeric_environment(),)


def test_compacted_parts_keep_their_environments(run: Run) -> None:
    folder = run.encodings / "efforts"
    table = read_parts(list_parts(folder), EFFORTS)
    for number in range(SMALL_PARTS + 1):
        row = {**table.to_pylist()[0], "photo_key": f"{number:064}", "environment": OTHER if number else None}
        write_part(part_path(folder, part_name(str(number))), pa.Table.from_pylist([row], EFFORTS))
    assert compact(run.encodings) > SMALL_PARTS
    kept = read_parts(list_parts(folder), EFFORTS, ["environment"])["environment"].to_pylist()
    assert {*kept} == {None, OTHER, numeric_environment()}


def test_the_sentence_names_what_differs() -> None:
    assert sentence_of(["numpy 2.4.1", "numpy 2.4.1, scipy 1"]) == ""
    assert sentence_of(["numpy 2.4.1", "numpy 2.5.0"]) == (
        "Results were computed with two versions of numpy (2.4.1 / 2.5.0): scores may differ by rounding."
    )
    assert "two instruction sets (none of these / avx512f), two kinds of processor (A / B)" in sentence_of(
        ["instructions avx2, processor A", "instructions avx2 avx512f, processor B"]
    )
