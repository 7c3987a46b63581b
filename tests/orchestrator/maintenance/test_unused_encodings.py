"""Encodings that no run refers to are deleted, and none that a run needs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.maintenance.remove_run import remove_run
from orchestrator.maintenance.unused_encodings import delete_unused, find_unused
from storage.encoder_settings import KNOWN_ENCODERS
from storage.encodings import Done, encoding_folders
from storage.errors import RunConflict, StoreError
from storage.file_locks import TEMPORARY
from storage.liveness import liveness_of
from storage.parts import DAMAGED, part_path, table_of, write_part
from storage.run_claim import claim
from storage.runs import Run, create_run
from storage.schemas import CATALOG, EFFORTS, EMBEDDINGS
from storage.tables import read_table
from tests.cluster import plan
from tests.orchestrator.conftest import Call
from tests.tiny_run import encode_here
from workers.faces.engine_fingerprint import encoder_fingerprint
from workers.synthetic.photo_folder import write_folder


def encoded(run: Run) -> set[str]:
    return set(Done(run.encodings / "faces").look())


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, Run]:
    """Two runs of one engine; the second has the photos of the first and eight of its own."""
    write_folder(tmp_path / "few", people=2, photos=4, seed=3, side=160, processes=1)
    shutil.copytree(tmp_path / "few", tmp_path / "many")
    write_folder(tmp_path / "others", people=2, photos=4, seed=4, side=160, processes=1)
    for number, folder in enumerate(sorted((tmp_path / "others").iterdir())):
        shutil.copytree(folder, tmp_path / "many" / f"other-{number}")
    found = tuple(plan(tmp_path / "store", tmp_path / name) for name in ("few", "many"))
    for run in found:
        encode_here(run)
    return found[0], found[1]


def test_what_runs_need_stays_and_what_a_removed_run_alone_needed_goes(runs: tuple[Run, Run]) -> None:
    few, many = runs
    assert find_unused(few.store).nothing
    needed = encoded(few)
    assert len(needed) == 16
    remove_run(many)
    unused = find_unused(few.store)
    assert (unused.folders, len(unused.keys)) == ((), 8)
    delete_unused(few.store, unused)
    assert len(encoded(few)) == 8
    assert encoded(few) == needed - unused.keys
    assert find_unused(few.store).nothing


def test_a_run_that_is_planned_before_the_deletion_keeps_what_it_needs(runs: tuple[Run, Run], tmp_path: Path) -> None:
    few, many = runs
    remove_run(many)
    other_engine = few.encodings.with_name("0" * 32)
    shutil.copytree(few.encodings, other_engine)
    found = find_unused(few.store)
    assert (found.folders, len(found.keys)) == ((other_engine,), 8)
    plan(few.store, tmp_path / "many")
    deleted = delete_unused(few.store, found)
    assert (deleted.folders, deleted.keys) == ((other_engine,), frozenset())
    assert len(encoded(few)) == 16
    assert not other_engine.exists()


def test_what_became_unused_after_it_was_asked_for_stays(runs: tuple[Run, Run]) -> None:
    few, many = runs
    found = find_unused(few.store)
    remove_run(many)
    assert delete_unused(few.store, found).nothing
    assert len(encoded(few)) == 16


def test_nothing_is_deleted_while_somebody_works(runs: tuple[Run, Run]) -> None:
    few, many = runs
    remove_run(many)
    found = find_unused(few.store)
    with claim(few), pytest.raises(RunConflict, match=few.run_id):
        delete_unused(few.store, found)
    assert len(encoded(few)) == 16


def test_an_engine_and_an_encoder_that_no_run_has_go_whole(runs: tuple[Run, Run], call: Call) -> None:
    few, _ = runs
    other_engine = few.encodings.with_name("0" * 32)
    shutil.copytree(few.encodings, other_engine)
    other_encoder = few.embedding_parts("1" * 32)
    shutil.copytree(few.encodings / "faces", other_encoder)
    said = call(few.store, "gc", "--dry-run", "--json")
    found = json.loads(said.stdout)
    assert found["folders"] == sorted(str(path.relative_to(few.store)) for path in (other_engine, other_encoder))
    assert (found["photos"], found["deleted"], found["bytes"] > 1000) == (0, False, True)
    assert call(few.store, "gc", answer="n\n").exit_code == 1
    assert other_engine.exists()
    assert call(few.store, "gc", answer="y\n").exit_code == 0
    assert not other_engine.exists()
    assert not other_encoder.exists()
    assert len(encoded(few)) == 16
    assert "Nothing is deleted" in call(few.store, "gc").output


def test_it_is_refused_where_a_run_is_at_work_or_cannot_be_read(runs: tuple[Run, Run]) -> None:
    few, many = runs
    with claim(many), pytest.raises(RunConflict, match=f"working on {many.run_id}"):
        find_unused(few.store)
    (many.folder / "run.json").write_text("{")
    with pytest.raises(StoreError, match="nobody knows what it needs"):
        find_unused(few.store)


def test_a_photo_is_deleted_from_an_engine_whose_runs_do_not_have_it_though_a_run_of_another_engine_has(
    runs: tuple[Run, Run], tmp_path: Path
) -> None:
    few, many = runs
    faces = {"policy": "all"}
    of_all = [plan(few.store, tmp_path / name, faces=faces) for name in ("few", "many")]
    for run in of_all:
        encode_here(run)
    assert find_unused(few.store).nothing
    remove_run(of_all[1])  # `many` needs its photos still, by the other engine
    unused = find_unused(few.store)
    assert (unused.folders, len(unused.keys)) == ((), 8)
    assert {place.parent for place in unused.photos} == {of_all[0].encodings}
    delete_unused(few.store, unused)
    assert (len(encoded(of_all[0])), len(encoded(many))) == (8, 16)
    assert len(Done(of_all[0].encodings / "efforts", schema=EFFORTS).look()) == 8
    assert find_unused(few.store).nothing


def test_a_photo_is_deleted_from_an_encoder_whose_runs_do_not_have_it(runs: tuple[Run, Run]) -> None:
    few, many = runs
    name = encoder_fingerprint(KNOWN_ENCODERS["sface"])
    embedded = few.embedding_parts(name)
    rows = [{"photo_key": key, "face_index": 0, "embedding": [1.0]} for key in sorted(encoded(many))]
    write_part(part_path(embedded, "one"), table_of(rows, EMBEDDINGS))
    planned = replace(few.plan.experiment, encoders={"sface": KNOWN_ENCODERS["sface"]})
    create_run(few.store, replace(few.plan, experiment=planned))
    unused = find_unused(few.store)
    assert (unused.folders, set(unused.photos), len(unused.keys)) == ((), {embedded}, 8)
    delete_unused(few.store, unused)
    assert Done(embedded, schema=EMBEDDINGS).look() == photos_of(few)
    assert len(encoded(many)) == 16


def photos_of(run: Run) -> set[str]:
    """The photos of its catalogue."""
    return set(read_table(run.catalog, CATALOG, ["photo_key"])["photo_key"].to_pylist())


def test_damaged_parts_and_half_written_files_of_engines_in_use_go_though_all_photos_are_in_use(
    runs: tuple[Run, Run], call: Call
) -> None:
    few, _ = runs
    places = [folder for folder, _ in encoding_folders(few.encodings)]
    places.append(few.embedding_parts("1" * 32))
    left = [*(place / f"{'a' * 32}.parquet.1{DAMAGED}" for place in places), places[0] / f".b.parquet.2{TEMPORARY}"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"rows of a photo")
    unused_encoder = places.pop()
    said = json.loads(call(few.store, "gc", "--dry-run", "--json").stdout)
    assert (said["photos"], len(said["folders"]), said["leftovers"]) == (0, 1, len(left) - 1)
    assert all(path.exists() for path in left)
    with liveness_of(places[0]).temporary_file(places[0] / "c.parquet") as of_the_living:
        of_the_living.write_bytes(b"its writer lives")
        done = call(few.store, "gc", "--yes")
        assert "They are deleted." in done.output
        assert of_the_living.exists()
    assert not [path for path in left if path.exists()]
    assert not unused_encoder.exists()
    assert len(encoded(few)) == 16
    assert find_unused(few.store).nothing
