"""A full disk and a store that may not be written: said at once, and nothing half-written stays."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import Cluster, outcomes, stray_files, tables


def test_workers_on_a_full_disk_blame_no_photo_and_go_on_when_there_is_room(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos, attempts=1)
    (cluster.marks / "full").touch()
    reconciler = cluster.reconciler(run)
    status = cluster.drive(reconciler, until=lambda: reconciler.step().resent)
    assert (status.stage, status.done) == ("images", 0)
    (cluster.marks / "full").unlink()
    assert cluster.drive(reconciler).state == "finished"
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    assert tables(run) == undisturbed
    assert stray_files(cluster.store) == []
