"""The link to a broker elsewhere breaks: services of the command line, the broker on TCP behind a link that is cut."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from orchestrator.maintenance.check import check_run
from storage.parts import list_parts
from storage.runs import Run
from tests.cluster import check_no_stray_files, efforts, outcomes, pids_at, plan, tables, wait_for
from tests.faults.marking import PLUGIN, closed_gate
from tests.services import Services, services_in

CUTS = 8
SILENT_SECONDS = 10


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Two image workers, one for training, one orchestrator, and the link between them and their broker."""
    with services_in(tmp_path_factory.mktemp("services"), PLUGIN, orchestrators=1) as services:
        yield services


@pytest.fixture
def run(services: Services, photos: Path) -> Run:
    """A run of which nothing is done."""
    wait_for(services.is_idle, "the end of what an earlier test began")
    for name in ("runs", "encodings"):
        shutil.rmtree(services.store / name, ignore_errors=True)
    return plan(services.store, photos)


def has_done(run: Run, pieces: int) -> bool:
    """Whether so many photos and trainings are done."""
    return sum(len(list_parts(folder)) for folder in (run.encodings / "faces", run.fits, run.scores)) >= pieces


def ends_as_undisturbed(services: Services, run: Run, undisturbed: dict[str, bytes]) -> None:
    wait_for(lambda: run.finished, "the end of the run")
    assert tables(run) == undisturbed
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    wait_for(services.is_idle, "the end of late copies")
    check_no_stray_files(services.store)
    assert check_run(run).faults == ()
    assert max(efforts(run).column("attempt").to_pylist()) <= run.plan.experiment.attempts


def test_connections_that_are_cut_at_every_step_change_no_table(
    services: Services, run: Run, undisturbed: dict[str, bytes]
) -> None:
    for done in range(1, CUTS + 1):
        wait_for(partial(has_done, run, done), "progress")
        services.proxy.cut()
    assert services.proxy.cuts >= CUTS  # each time a process was connected
    ends_as_undisturbed(services, run, undisturbed)


def test_the_password_of_a_broker_elsewhere_is_in_no_command_line_log_table_or_report(
    services: Services, run: Run
) -> None:
    wait_for(lambda: run.finished, "the end of the run")
    services.proxy.cut()  # who is cut complains, and names the address
    lines = [Path(f"/proc/{each.pid}/cmdline").read_bytes() for each in services.everybody]
    files = [path for path in services.store.rglob("*") if path.is_file()]
    assert {"report/index.html", "run.json"} <= {str(path.relative_to(run.folder)) for path in run.folder.rglob("*")}
    assert any(path.suffix == ".log" and b"Connection" in path.read_bytes() for path in files)
    assert not [line for line in lines if services.password.encode() in line]
    assert not [path for path in files if services.password.encode() in path.read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["down", "silent"])
def test_a_link_that_is_down_for_a_while_delays_a_run_by_that_while_only(
    services: Services, run: Run, gated: str, undisturbed: dict[str, bytes], how: str
) -> None:
    with closed_gate(services.marks):
        wait_for(lambda: pids_at(run, gated), "the photo at the gate")
    with services.proxy.down() if how == "down" else services.proxy.silent():
        until = time.monotonic() + SILENT_SECONDS
        wait_for(lambda: time.monotonic() > until, "the end of the outage")
    ends_as_undisturbed(services, run, undisturbed)
