"""Work that is sent twice, by one orchestrator or by two, gives the same tables and is not done again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count, repeat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.maintenance.check import check_run
from orchestrator.scheduler import leftovers, stored_faces
from orchestrator.scheduler import reconciler as reconcile
from orchestrator.scheduler.service import try_step
from orchestrator.scheduler.work import photo_messages, planned_photos
from storage.file_locks import TEMPORARY
from storage.parts import list_parts
from tests.cluster import Cluster, check_no_stray_files, efforts, outcomes, tables, wait_for
from tests.faults.marking import closed_gate
from workers.synthetic.photo_folder import write_folder


def written(folder: Path) -> dict[str, tuple[int, int]]:
    """Name to inode and time of every part: another writing of the same bytes would show."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in list_parts(folder)}


def test_every_message_may_come_three_times(cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]) -> None:
    run = cluster.plan(photos)
    known = planned_photos(run)
    numbers = count()
    with closed_gate(cluster.marks):
        for size in (1, 3, 20):  # cut differently, as by orchestrators that began at different times
            for work in photo_messages(run, known, repeat(size)):
                cluster.stack.broker.send(work.task, work.arguments, "images", f"copy-{next(numbers)}")
    assert cluster.finish(run).state == "finished"
    assert tables(run) == undisturbed
    wait_for(lambda: cluster.connection().llen("images") == 0, "the end of the copies")
    check_no_stray_files(run.folder)


def test_two_orchestrators_that_know_nothing_of_each_other_bring_a_run_to_the_same_end(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos)
    other = cluster.reconciler(run, photos_per_task=3)
    cluster.drive(cluster.reconciler(run), until=lambda: try_step(other) and False)
    assert tables(run) == undisturbed


def test_orchestrators_that_die_whenever_they_see_something_new_bring_a_run_to_the_same_end(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos)
    assert cluster.drive_by_many(run) > 3
    assert tables(run) == undisturbed
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}


class Death(BaseException):
    """What an orchestrator dies of here; no handler for errors may take it for one."""


DEEDS = ("write_faces", "compact", "sweep", "forget_deaths", "make_splits", "write_run_tables", "draw_report")
"""All that an orchestrator writes or deletes; the moment after one is the moment before the next."""


def test_an_orchestrator_that_dies_before_any_of_its_writes_or_after_the_last_is_replaced_by_another(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_come = [*DEEDS, "the end"]

    def deadly(deed: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def die_of(moment: str) -> None:
            if moment in to_come:
                to_come.remove(moment)
                raise Death

        def do(*arguments: Any, **options: Any) -> Any:
            die_of(deed)
            result = real(*arguments, **options)
            if deed == "draw_report":
                die_of("the end")
            return result

        return do

    modules = (reconcile, leftovers, stored_faces)
    for deed, at in ((deed, at) for deed in DEEDS for at in modules if hasattr(at, deed)):
        monkeypatch.setattr(at, deed, deadly(deed, getattr(at, deed)))
    run = cluster.plan(photos)
    # what a worker left that died just after the images were closed
    (run.encodings / "faces").mkdir(parents=True, mode=0o700)
    (run.encodings / "faces" / f".dead{TEMPORARY}").touch()
    deaths = 0
    while not run.finished:
        try:
            cluster.finish(run)
        except Death:
            deaths += 1
    assert to_come == []
    assert deaths == len(DEEDS) + 1
    assert tables(run) == undisturbed
    check_no_stray_files(cluster.store)
    assert check_run(run).faults == ()


def test_no_photo_is_encoded_twice_for_two_runs(cluster: Cluster, photos: Path) -> None:
    first = cluster.plan(photos)
    cluster.finish(first)
    before = written(first.encodings / "faces")
    counted = efforts(first).column("photo_key").to_pylist()
    assert sorted(counted) == sorted(outcomes(first))
    second = cluster.plan(photos, configurations=["nearest-centroid", "majority"])
    assert second.run_id != first.run_id
    cluster.finish(second)
    assert written(second.encodings / "faces") == before
    assert efforts(second).num_rows == 20
    assert second.faces.read_bytes() != b""
    assert outcomes(second) == outcomes(first)


def test_one_more_photo_is_one_more_encoding(cluster: Cluster, photos: Path, tmp_path: Path) -> None:
    people = tmp_path / "people"
    shutil.copytree(photos, people)
    cluster.finish(cluster.plan(people))
    write_folder(tmp_path / "other", people=1, photos=6, seed=1, side=200, processes=1)
    shutil.copy(tmp_path / "other" / "ada" / "ada-006.jpg", people / "ada")
    larger = cluster.plan(people)
    cluster.finish(larger)
    counted = efforts(larger).column("photo_key").to_pylist()
    assert len(counted) == len(set(counted)) == 21


@pytest.mark.parametrize("how", ["vanished", "changed", "a link out", "a link to itself"])
def test_a_photo_that_is_not_what_was_catalogued_is_a_row(
    cluster: Cluster, photos: Path, tmp_path: Path, how: str
) -> None:
    people = tmp_path / "people"
    shutil.copytree(photos, people)
    run = cluster.plan(people)
    photo = people / "chloe" / "chloe-002.jpg"
    key = next(key for key, path in planned_photos(run).items() if path == "chloe/chloe-002.jpg")
    data = photo.read_bytes()
    photo.unlink()
    if how == "changed":
        photo.write_bytes(data + b"!")
    elif how == "a link out":
        (tmp_path / "outside.jpg").write_bytes(data)
        photo.symlink_to(tmp_path / "outside.jpg")
    elif how == "a link to itself":
        photo.symlink_to(photo)
    assert cluster.finish(run).state == "finished"
    found = outcomes(run)
    assert found.pop(key)[0] == "unreadable"
    assert set(found.values()) == {("ok", "")}
