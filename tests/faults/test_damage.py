"""A damaged table is set aside and made again with the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.parts import DAMAGED, list_parts
from storage.runs import Run
from tests.cluster import Cluster, tables
from tests.storage.test_parts import emptied, flipped, of_another_schema, truncated

FINDING: dict[str, Callable[[Run], Path]] = {
    "an encoding": lambda run: list_parts(run.encodings / "faces")[3],
    "faces": lambda run: run.faces,
    "splits": lambda run: run.splits,
    "scores": lambda run: list_parts(run.scores)[0],
    "fits": lambda run: list_parts(run.fits)[0],
}


@pytest.mark.parametrize("damage", [truncated, emptied, flipped, of_another_schema])
def test_every_damaged_table_is_made_again(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes], damage: Callable[[Path], None]
) -> None:
    run = cluster.plan(photos)
    cluster.finish(run)
    for table, find in FINDING.items():
        path = find(run)
        damage(path)
        shutil.rmtree(run.report)
        run.comparison.unlink()
        if table == "an encoding":
            run.faces.unlink()
        assert cluster.finish(run).state == "finished", table
        assert tables(run) == undisturbed, table
        (aside,) = path.parent.glob(f"{path.name}.*{DAMAGED}")
        aside.unlink()
