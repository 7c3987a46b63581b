"""A run on a full disk keeps its last status, says why it waits, and takes no step until it is time to look again."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.scheduler import full_disk
from orchestrator.scheduler.full_disk import FullDisk
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.status import Status
from storage.errors import StoreError, StoreFull, StoreUnreachable
from storage.experiments import Experiment, Protocol
from storage.runs import Run
from workers.synthetic.photo_folder import write_folder

HALF = Status("run", "running", "images", 2, 4)
WHOLE = Status("run", "running", "images", 4, 4)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    write_folder(folder / "people", people=2, photos=2, seed=5, side=64, processes=1)
    return plan_run(
        folder / "store", folder / "people", None, Experiment(protocol=Protocol(min_photos_per_person=2))
    ).run


class Steps:
    """Steps of a run, of which each gives or raises what a test wants; counted."""

    def __init__(self) -> None:
        self.taken = 0
        self.next: Status | Exception = HALF

    def __call__(self) -> Status:
        self.taken += 1
        if isinstance(self.next, Exception):
            raise self.next
        return self.next


def test_a_step_that_succeeds_gives_its_own_status(run: Run) -> None:
    assert FullDisk(run).guard(Steps()) is HALF


def test_a_full_disk_gives_the_last_status_with_the_reason_and_steps_rest(run: Run) -> None:
    disk, steps = FullDisk(run), Steps()
    disk.guard(steps)
    steps.next = StoreFull("cannot write /store/x: No space left on device")
    for _ in range(5):
        status = disk.guard(steps)
    assert (status.state, status.stage, status.done, status.total) == ("running", "images", 2, 4)
    assert status.waiting.startswith("the disk is full")
    assert "/store/x" in status.waiting
    assert steps.taken == 2


def test_a_disk_that_is_full_from_the_first_step_on_gives_what_the_store_says(run: Run) -> None:
    steps = Steps()
    steps.next = StoreFull("cannot write")
    status = FullDisk(run).guard(steps)
    assert (status.stage, status.done, status.total) == ("images", 0, 4)
    assert status.waiting


def test_when_there_is_room_again_the_run_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_disk, "FULL_SECONDS", 0)
    disk, steps = FullDisk(run), Steps()
    steps.next = StoreFull("cannot write")
    assert disk.guard(steps).waiting
    steps.next = WHOLE
    assert disk.guard(steps) is WHOLE


def test_any_other_fault_of_the_store_is_raised(run: Run) -> None:
    steps = Steps()
    steps.next = StoreError("cannot write: Read-only file system")
    with pytest.raises(StoreError, match="Read-only"):
        FullDisk(run).guard(steps)


def test_no_space_is_told_from_a_store_that_may_not_be_written(tmp_path: Path) -> None:
    import errno

    from storage.errors import cannot_write

    kinds = {number: type(cannot_write(tmp_path, OSError(number, "x"))) for number in (errno.ENOSPC, errno.EROFS)}
    assert kinds == {errno.ENOSPC: StoreFull, errno.EROFS: StoreError}


@pytest.mark.parametrize("before", [0, 1])
def test_a_store_that_does_not_answer_is_waited_for(run: Run, before: int) -> None:
    disk, steps = FullDisk(run), Steps()
    for _ in range(before):
        disk.guard(steps)
    steps.next = StoreUnreachable("cannot use s3://bucket/store: it answered 503 Service Unavailable")
    status = disk.guard(steps)
    assert (status.state, status.done) == ("running", 2 * before)
    assert status.waiting.startswith("the store is away, goes on when it answers (cannot use s3://bucket")
    assert not status.disk_full
    steps.next = WHOLE
    assert disk.guard(steps) is WHOLE
