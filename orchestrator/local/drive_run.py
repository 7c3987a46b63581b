"""Bring a run to its end from this process, with processes of our own or with a cluster's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.local.cluster import Stack
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.reconciler import Reconciler, try_step
from orchestrator.scheduler.status import Status, status_of
from storage.runs import Run, claim
from workers.queue.environment import Settings

Show = Callable[[Status], None]

WATCH_SECONDS = 1.0
"""Whoever only watches reads the whole store each time."""


def finish(run: Run, store: Path, settings: Settings, show: Show, stop: threading.Event) -> Status:
    """Work on a run until it is finished, cancelled or stopped, or until `stop` is set.

    Without LINEUP_BROKER_URL the processes are started and ended here. While another orchestrator has claimed the
    run it is only watched; should that one die, its work is taken over.

    Raises:
        LineupError: the store or the broker is not usable, or the run needs a person.
    """
    while True:
        with claim(run) as ours:
            if ours:
                return _work(run, store, settings, show, stop)
        status = status_of(run)
        show(status)
        if status.state != "running" or stop.wait(WATCH_SECONDS):
            return status


def _work(run: Run, store: Path, settings: Settings, show: Show, stop: threading.Event) -> Status:
    if settings.broker_url:
        broker = Broker(settings.broker_url)
        broker.ping()  # a wrong address is told now; a broker that goes away later is waited for
        return _follow(Reconciler(run, broker, settings.photos_per_task), show, stop, _nothing)
    with Stack(store, processes=settings.processes) as stack:
        reconciler = Reconciler(run, stack.broker, settings.photos_per_task, settings.processes)
        return _follow(reconciler, show, stop, stack.tend)


def watch(run: Run, show: Show, stop: threading.Event) -> Status:
    """Show a run that somebody else works on, until it is not running any more or `stop` is set."""
    while True:
        status = status_of(run)
        show(status)
        if status.state != "running" or stop.wait(WATCH_SECONDS):
            return status


def _follow(reconciler: Reconciler, show: Show, stop: threading.Event, tend: Callable[[], None]) -> Status:
    while True:
        began = time.monotonic()
        status = try_step(reconciler)
        if status is not None:
            show(status)
            if status.state != "running":
                return status
        if stop.wait(max(reconciler.pause_seconds(), time.monotonic() - began)):
            return status_of(reconciler.run)
        if not (status and status.waiting):  # what dies of a full disk is started again when there is room
            tend()


def _nothing() -> None:
    return None
