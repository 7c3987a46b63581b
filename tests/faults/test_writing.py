"""Death while a part is written: between its last byte and its rename, and just after."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import Cluster, check_no_stray_files, efforts, outcomes, tables


@pytest.mark.parametrize("moment", ["die-before-rename", "die-after-rename"])
def test_a_worker_that_dies_while_it_writes_a_part_leaves_no_half_of_it(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes], moment: str
) -> None:
    run = cluster.plan(photos)
    (cluster.marks / moment).touch()
    assert cluster.finish(run).state == "finished"
    assert not (cluster.marks / moment).exists()  # a process died of it
    assert tables(run) == undisturbed
    check_no_stray_files(cluster.store)
    assert len(outcomes(run)) == 20
    assert max(efforts(run).column("attempt").to_pylist()) == (2 if moment == "die-before-rename" else 1)
