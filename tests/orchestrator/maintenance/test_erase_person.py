"""After `forget` nothing in the store tells of a person any more, and the others' run goes on without them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from orchestrator.dataset import photo_source
from orchestrator.experiment.experiment_file import from_dict
from orchestrator.maintenance.check import check_run
from orchestrator.maintenance.erase_person import erase_person, find_person
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.status import status_of
from storage.erase_photos import count_photos, drop_derived, erase_photos
from storage.errors import InputError, RunConflict
from storage.parts import list_parts, read_part
from storage.run_claim import claim
from storage.runs import Run, open_run
from storage.schemas import FACES
from tests.cluster import CHEAP, Cluster, tables
from tests.orchestrator.conftest import HOSTILE, Call
from workers.synthetic.photo_folder import write_folder

PERSON = "Ada Ünique ✿"


def holding(store: Path, traces: list[bytes]) -> list[str]:
    """Files of a store in which one of these can be read, Parquet files with their columns unpacked."""
    found = []
    for path in (each for each in store.rglob("*") if each.is_file()):
        content = path.read_bytes()
        if content[:4] == b"PAR1" == content[-4:]:
            file = pq.ParquetFile(path)
            content += b"".join(repr_bytes(row) for row in file.read().to_pylist())
        if any(trace in content for trace in traces):
            found.append(str(path.relative_to(store)))
    return found


def repr_bytes(row: dict[str, object]) -> bytes:
    return b"\0".join(value if isinstance(value, bytes) else repr(value).encode() for value in row.values())


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four people, five photos of each; their files are known at once, however fast a run of them is."""
    monkeypatch.setattr(photo_source, "SETTLED_SECONDS", -1.0)
    folder = tmp_path / "photos"
    write_folder(folder, people=4, photos=5, seed=21, side=160, processes=1)
    (folder / "ada").rename(folder / PERSON)
    return folder


def renamed(lab: Cluster, photos: Path) -> Run:
    """A run, planned only, in which one picture of the person is said to show someone else."""
    labels = photos.parent / "labels.csv"
    lines = [f"{path.relative_to(photos)},{path.parent.name}" for path in photos.glob("[bcd]*/*")]
    labels.write_text("\n".join(("path,label", f"{PERSON}/ada-001.jpg,someone", *lines)))
    return plan_run(lab.store, photos, labels, from_dict(CHEAP)).run


def test_nothing_tells_of_a_forgotten_person_and_the_others_lose_nothing(lab: Cluster, photos: Path) -> None:
    run = lab.plan(photos)
    lab.finish(run)
    other = renamed(lab, photos)
    shutil.copytree(run.encodings, lab.store / "encodings" / "another-engine")
    (run.encodings / "faces" / "part.parquet.1234.damaged").write_bytes(PERSON.encode())
    for log in ("mine.log", "mine.log.1"):
        (lab.store / "logs" / log).write_text(f"cannot read {PERSON}/ada-001.jpg\n")
    found = find_person(lab.store, PERSON)
    crops: list[bytes] = [row["crop"] for row in all_faces(run) if row["photo_key"] in found.keys]
    traces = [PERSON.encode(), *(key.encode() for key in found.keys), *crops]
    assert {part.split("/")[0] for part in holding(lab.store, traces)} == {"encodings", "known_files", "logs", "runs"}

    done = erase_person(lab.store, found, lab.stack.broker)
    assert holding(lab.store, traces) == []
    assert (done.erased.photos, done.erased.faces, done.erased.unreadable) == (5, 2 * 5, 1)
    assert {(one.run.run_id, one.photos, one.otherwise, one.on_disk) for one in done.traces.runs} == {
        (run.run_id, 5, 0, 5),
        (other.run_id, 1, 1, 1),
    }
    assert done.logs == ("mine.log", "mine.log.1")
    with pytest.raises(InputError, match=r"no photo in .* has the label"):
        find_person(lab.store, PERSON)

    run = open_run(lab.store, run.run_id)
    (fault,) = check_run(run).faults
    assert fault.startswith("not finished: a person was erased")
    assert status_of(run).state == "stopped"
    with pytest.raises(RunConflict, match="forgotten"):
        lab.plan(photos)
    run.let_go_on()
    assert lab.finish(run).state == "finished"
    assert check_run(run).faults == ()
    shutil.rmtree(photos / PERSON)
    fresh = lab.plan(photos)
    lab.finish(fresh)
    assert tables(run) == tables(fresh)
    assert fresh.run_id != run.run_id


def all_faces(run: Run) -> list[dict[str, Any]]:
    parts = [read_part(path, FACES) for path in list_parts(run.encodings / "faces")]
    return [row for part in parts if part for row in part.to_pylist()]


def test_forgetting_that_was_cut_off_is_ended_by_forgetting_again(copied: Run) -> None:
    store = copied.folder.parents[1]
    first = find_person(store, HOSTILE[0])
    drop_derived(copied)
    erase_photos(store, first.keys)
    again = find_person(store, HOSTILE[0])
    assert (again.keys, again.encoded) == (first.keys, 0)
    catalog = copied.catalog.read_bytes()
    erase_person(store, again)
    copied.catalog.write_bytes(catalog)  # the plan was written, and not the catalogue
    erase_person(store, find_person(store, HOSTILE[0]))
    assert count_photos(store, first.keys) == 0
    faults = check_run(open_run(store, copied.run_id)).faults
    assert len(faults) == 1
    assert faults[0].startswith("not finished")


def test_photos_of_a_part_that_lost_some_are_encoded_again_when_they_come_back(copied: Run) -> None:
    """A part that was robbed of rows may not keep the name that says which photos are in it."""
    store = copied.folder.parents[1]
    before = {path.name for path in list_parts(copied.encodings / "faces")}
    keys = find_person(store, HOSTILE[0]).keys
    theirs = {
        path.name
        for path in list_parts(copied.encodings / "faces")
        if keys & set((read_part(path, FACES) or FACES.empty_table())["photo_key"].to_pylist())
    }
    erase_photos(store, keys)
    assert theirs
    assert {path.name for path in list_parts(copied.encodings / "faces")} & before == before - theirs


def test_nobody_is_forgotten_while_somebody_works(copied: Run) -> None:
    store = copied.folder.parents[1]
    with claim(copied), pytest.raises(RunConflict, match="lineup cancel"):
        erase_person(store, find_person(store, HOSTILE[0]))
    assert check_run(copied).faults == ()


def test_a_name_that_nobody_has_is_refused_with_those_that_are_alike(copied: Run) -> None:
    with pytest.raises(InputError, match="Did you mean 'éé"):
        find_person(copied.folder.parents[1], HOSTILE[4].upper())


def test_forget_asks_first_and_tells_what_it_removed(copied: Run, call: Call) -> None:
    store = copied.folder.parents[1]
    name = HOSTILE[2]
    refused = call(store, "forget", "--", name, answer="n\n")
    assert refused.exit_code == 1
    assert check_run(copied).faults == ()
    told = call(store, "forget", "--yes", "--", name)
    assert told.exit_code == 0
    assert all(line.isprintable() for line in told.output.splitlines())
    assert "Gone from the encodings: 4 pictures and 4 faces" in told.output
    assert f"{copied.run_id}: 4 rows, and report, model, comparison.parquet, " in told.output
    assert ", pairs.parquet, fits, scores, splits.parquet, " in told.output
    assert "yours to delete" in told.output


def test_a_run_that_cannot_be_searched_is_named_and_makes_the_exit_code_1(copied: Run, call: Call) -> None:
    store = copied.folder.parents[1]
    old = store / "runs" / "old"
    old.mkdir()
    plan = json.loads((copied.folder / "run.json").read_text()) | {"schema_version": 0, "run_id": "old"}
    (old / "run.json").write_text(json.dumps(plan))
    told = call(store, "forget", "--yes", "--json", "--", HOSTILE[0])
    assert told.exit_code == 1
    said = json.loads(told.output)
    assert [run["run_id"] for run in said["runs"]] == [copied.run_id]
    assert said["not_searched"][0].startswith("old (")
