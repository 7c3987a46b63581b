"""Work on one run in this process until it ends, with local workers or with a cluster's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from orchestrator.local.cluster import LocalCluster
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.service import try_step
from orchestrator.scheduler.status import Status, status_of
from orchestrator.scheduler.worker_watch import WorkerWatch
from orchestrator.stop_request import Stop
from storage.run_claim import claim
from storage.runs import Run
from workers.queue.broker_options import store_options
from workers.queue.environment import Settings

Show = Callable[[Status], None]

WATCH_SECONDS = 1.0
"""Between two looks of a process that only watches; each reads the whole store."""


def drive_run(run: Run, store: Path, settings: Settings, show: Show, stop: Stop) -> Status:
    """Work on a run until it is finished, cancelled or stopped, or until `stop` is set.

    Without LINEUP_BROKER_URL, broker and workers are started and ended here. While another orchestrator has claimed
    the run, it is only watched; if that one dies, this one takes over.

    Raises:
        LineupError: the store or the broker is not usable, or the run needs a person.
    """
    watch = WorkerWatch(store)
    while True:
        with claim(run) as ours:
            if ours:
                return _work(run, store, settings, show, stop)
        status = status_of(run, watch)
        show(status)
        if status.state != "running" or stop.wait(WATCH_SECONDS):
            return status


def _work(run: Run, store: Path, settings: Settings, show: Show, stop: Stop) -> Status:
    if settings.broker_url:
        broker = Broker(store_options(settings.broker_url, store, settings))
        broker.ping()  # a wrong address is an error now; a broker that goes away later is waited for
        return follow(Reconciler(run, broker, settings.photos_per_task), show, stop, _nothing)
    with LocalCluster(store, processes=settings.processes) as cluster:
        reconciler = Reconciler(run, cluster.broker, settings.photos_per_task, settings.processes)
        return follow(reconciler, show, stop, cluster.restart_dead)


def watch_run(run: Run, show: Show, stop: Stop) -> Status:
    """Show a run that another process works on, until it is not running any more or `stop` is set."""
    watch = WorkerWatch(run.store)
    while True:
        status = status_of(run, watch)
        show(status)
        if status.state != "running" or stop.wait(WATCH_SECONDS):
            return status


def follow(reconciler: Reconciler, show: Show, stop: Stop, restart_dead: Callable[[], None]) -> Status:
    """Step by step until the run ends or `stop` is set, and what the last step told; raises as `drive_run`.

    Args:
        restart_dead: starts local processes again that have ended.
    """
    while True:
        began = time.monotonic()
        status = try_step(reconciler)
        show(status)
        if status.state != "running":
            return status
        if stop.wait(max(reconciler.pause_seconds(), time.monotonic() - began)):
            # what it waited for is known to the step: a look from here has no patience with workers that start
            return replace(status_of(reconciler.run), waiting=status.waiting, faults=status.faults)
        if not status.disk_full:  # processes that died of a full disk start again when there is room
            restart_dead()


def _nothing() -> None:
    return None
