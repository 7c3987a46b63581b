"""The fingerprint of a run does not change between versions of Lineup, and changes with all that decides its tables."""

from __future__ import annotations

import pyarrow as pa
import pytest

from orchestrator.scheduler.run_fingerprint import run_fingerprint
from storage.plans import TripletSettings
from storage.schemas import EXCLUDED


@pytest.mark.parametrize(
    ("learning", "triplets", "fingerprint"),
    [
        (1, None, "620ececa488aba8ed54c7c004eca14ec"),
        (2, None, "bdb8e068494b625b4258d2ce211a9401"),
        (2, TripletSettings(), "1e1b15f4da66455c313b3a302a2e798d"),
    ],
)
def test_the_fingerprint_of_a_run_is_what_version_0_1_computed(
    learning: int, triplets: TripletSettings | None, fingerprint: str
) -> None:
    parts = ("c031491fc1bd5e07", "2668fefd674f3d98cb8d30015b4cad19")
    assert run_fingerprint(*parts, a_catalog(), learning, triplets) == fingerprint


def test_groups_and_subgroups_of_the_labels_make_another_run() -> None:
    catalogs = [a_catalog(), a_catalog(group=["day", None]), a_catalog(subgroup=["day", None])]
    assert len({run_fingerprint("", "", catalog, 2) for catalog in catalogs}) == 3


def test_a_photo_that_its_owner_leaves_out_makes_another_run() -> None:
    catalogs = [a_catalog(), a_catalog(outcome=[EXCLUDED, "ok"]), a_catalog(outcome=["ok", EXCLUDED])]
    assert len({run_fingerprint("", "", catalog, 2) for catalog in catalogs}) == 3


def a_catalog(**told: list[str | None]) -> pa.Table:
    columns = {"photo_key": ["a1", "b2"], "path": ["ada/1.jpg", "bob/2.jpg"], "label": ["ada", "bob"]}
    optional = {"group": [None, None], "subgroup": [None, None], "outcome": ["ok", "ok"]}
    return pa.table({**columns, **optional, **told})
