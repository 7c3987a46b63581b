"""A run that is worked on from this process."""

from __future__ import annotations

from pathlib import Path

from orchestrator.local.drive_run import follow
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.status import Status
from orchestrator.stop_request import StopRequest
from tests.cluster import plan
from workers.queue.broker_options import BrokerOptions
from workers.synthetic.photo_folder import write_folder


def test_what_is_told_at_the_end_is_what_the_last_step_waited_for(tmp_path: Path) -> None:
    write_folder(tmp_path / "faces", people=2, photos=4, seed=3, side=160, processes=1)
    run = plan(tmp_path / "store", tmp_path / "faces")
    stop, shown = StopRequest(), list[Status]()
    stop.set()
    reconciler = Reconciler(run, Broker(BrokerOptions("redis://127.0.0.1:1/0")))
    ended = follow(reconciler, shown.append, stop, lambda: None)
    assert ended.state == "running"
    assert (ended.waiting, ended.faults) == (shown[-1].waiting, shown[-1].faults)
