"""A run that is older than it may be is told by `doctor`; the limit changes no result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.maintenance.diagnose_retention import overdue_runs
from orchestrator.maintenance.diagnosis import ERROR, OK
from storage.erase_photos import drop_derived
from storage.errors import StoreError
from storage.retention import age_in_days, retention_of, set_retention
from storage.runs import RETENTION, Run, open_run
from tests.orchestrator.conftest import Call
from workers.synthetic.photo_folder import write_folder


def planned(run: Run) -> datetime:
    return datetime.fromisoformat(run.plan.created)


def test_a_run_is_overdue_after_its_days_and_not_before(copied: Run) -> None:
    set_retention(copied, 30)
    (within,) = overdue_runs(copied.store, planned(copied) + timedelta(days=29))
    (over,) = overdue_runs(copied.store, planned(copied) + timedelta(days=31))
    assert (within.state, within.what) == (OK, "1 runs are younger than their limit of days")
    assert (over.state, over.what) == (ERROR, f"{copied.run_id} may be kept for 30 days, and is 31 days old")
    assert str(copied.folder) in over.hint
    assert str(copied.encodings) in over.hint


def test_a_run_without_a_limit_is_not_told(copied: Run) -> None:
    assert retention_of(copied) is None
    assert list(overdue_runs(copied.store, planned(copied) + timedelta(days=9999))) == []


def test_age_counts_from_the_planning(copied: Run) -> None:
    assert age_in_days(copied, planned(copied) + timedelta(hours=36)) == 1.5
    assert 0 <= age_in_days(copied) < 1
    assert datetime.now(UTC) > planned(copied)


def test_a_limit_that_cannot_be_read_is_an_error(copied: Run) -> None:
    (copied.folder / RETENTION).write_text("soon")
    with pytest.raises(StoreError, match="retain-days cannot be read"):
        retention_of(copied)
    (told,) = overdue_runs(copied.store)
    assert told.state == ERROR


def test_the_limit_survives_the_erasure_of_a_person(copied: Run) -> None:
    set_retention(copied, 30)
    drop_derived(copied)
    assert retention_of(copied) == 30


def test_submit_notes_the_limit_and_the_run_stays_the_same(
    copied: Run, call: Call, tmp_path_factory: pytest.TempPathFactory
) -> None:

    photos = tmp_path_factory.mktemp("retention") / "people"
    write_folder(photos, people=2, photos=5, seed=4, side=160, processes=1)
    names = []
    for options in ((), ("--retain-days", "30"), ("--retain-days", "90"), ()):
        told = call(copied.store, "submit", *options, str(photos))
        assert told.exit_code == 0, told.output
        names.append(told.stdout.split()[-1])
    assert len(set(names)) == 1
    assert retention_of(open_run(copied.store, names[0])) == 90
    assert call(copied.store, "submit", "--retain-days", "0", str(photos)).exit_code == 2
