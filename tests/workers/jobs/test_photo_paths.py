"""The photos that messages name are looked up in the catalogue."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from orchestrator.scheduler.work import planned_photos
from storage.parts import write_part
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from tests.cluster import plan
from workers.jobs import photo_paths
from workers.jobs.job import Refused
from workers.jobs.photo_paths import find_photos
from workers.jobs.photo_ref import PhotoRef
from workers.synthetic.photo_folder import write_folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Eight photos, one of them twice, and a file that is none."""
    folder = tmp_path / "faces"
    write_folder(folder, people=2, photos=4, seed=3, side=160, processes=1)
    first = sorted(folder.rglob("*.jpg"))[0]
    (first.parent / "zz-copy.jpg").write_bytes(first.read_bytes())
    (first.parent / "broken.jpg").write_bytes(b"\xff\xd8")
    return plan(tmp_path / "store", folder)


def test_photos_are_found_in_the_order_asked_for_with_their_first_path(run: Run) -> None:
    planned = planned_photos(run)
    assert len(planned) == 8
    keys = sorted(planned, reverse=True)
    assert find_photos(run, keys) == tuple(PhotoRef(key, planned[key]) for key in keys)


@pytest.mark.parametrize("strange", ["0" * 64, "f" * 64, "5" * 64])
def test_a_key_that_the_run_does_not_encode_refuses_them_all(run: Run, strange: str) -> None:
    with pytest.raises(Refused, match=strange):
        find_photos(run, [*planned_photos(run), strange])
    broken = next(row for row in read_table(run.catalog, CATALOG).to_pylist() if row["outcome"] != "ok")
    if broken["photo_key"]:
        with pytest.raises(Refused):
            find_photos(run, [broken["photo_key"]])


def test_a_catalogue_is_read_once_and_again_when_another_has_taken_its_place(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []

    def counted(path: Path, *arguments: object) -> pa.Table:
        reads.append(path)
        return read_table(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(photo_paths, "read_table", counted)
    first, *others = planned_photos(run)
    for _ in range(3):
        find_photos(run, [first])
    assert len(reads) == 1
    table = read_table(run.catalog, CATALOG)
    write_part(run.catalog, table.filter(pa.array([key in others for key in table["photo_key"].to_pylist()])), {})
    with pytest.raises(Refused):
        find_photos(run, [first])
    assert len(find_photos(run, others)) == 7
    assert len(reads) == 2
