"""A wrong label is found by a run, confirmed by a person, corrected by the next run, and gone."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestrator.dataset.csv_file import csv_bytes
from tests.tiny_run import lineup
from workers.synthetic.photo_folder import write_folder

EXPERIMENT = 'configurations = ["knn-1"]\n[protocol]\nmin_photos_per_person = 2\n'


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people, six photos each, but one of the first is in the second's folder."""
    folder = tmp_path_factory.mktemp("planted")
    write_folder(folder / "photos", people=4, photos=6, seed=3, side=160, processes=1)
    first, second = sorted((folder / "photos").iterdir())[:2]
    shutil.move(sorted(first.iterdir())[0], second / "wrong.jpg")
    (folder / "e.toml").write_text(EXPERIMENT)
    return folder


def run(folder: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """The result of `lineup run --json`, and what it said on the way."""
    done = lineup(folder / "store", "run", str(folder / "photos"), "-e", str(folder / "e.toml"), "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_a_planted_error_is_found_confirmed_corrected_and_gone(planted: Path) -> None:
    first, second = (path.name for path in sorted((planted / "photos").iterdir())[:2])
    found, _ = run(planted)
    assert [(row["path"], row["label"], row["suggested"]) for row in found["suspects"]] == [
        (f"{second}/wrong.jpg", second, first)
    ]
    file = Path(found["report"]).parent / "suspects.csv"

    unconfirmed, said = run(planted, "--corrections", str(file))
    assert "suspects.csv: 1 row, none has an action: nothing is corrected." in said
    assert unconfirmed["run_id"] == found["run_id"]

    columns, row = csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig")))
    row[columns.index("action")] = "relabel"
    file.write_bytes(csv_bytes(columns, [row]))
    told = lineup(planted / "store", "report", found["run_id"])
    assert f"1 photo may carry the wrong name: see {file}." in told.stdout
    assert b"relabel" in file.read_bytes()  # what a person wrote is not overwritten

    corrected, said = run(planted, "--corrections", str(file))
    assert "suspects.csv: 1 photo was relabelled." in said
    assert corrected["run_id"] != found["run_id"]
    assert corrected["suspects"] == []
    page = Path(corrected["report"])
    assert "1 photo was relabelled, as suspects.csv says." in page.read_text()
    assert not page.with_name("suspects.csv").exists()
    checked = lineup(planted / "store", "check", corrected["run_id"])
    assert checked.returncode == 0, checked.stdout


def test_corrections_that_do_not_fit_end_with_one_line(planted: Path) -> None:
    file = planted / "wrong.csv"
    file.write_text("path,action\nnobody/1.jpg,leave-out\n")
    done = lineup(planted / "store", "run", str(planted / "photos"), "--corrections", str(file))
    assert done.returncode == 2
    assert "wrong.csv, line 2: 'nobody/1.jpg' is no photo of this folder" in " ".join(done.stderr.split())
