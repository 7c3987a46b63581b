"""The orchestrator service: works on every unfinished run of a store, side by side."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.polling import POLL_SECONDS
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.settled_runs import SettledRuns
from orchestrator.scheduler.status import Status
from orchestrator.stop_request import Stop
from storage.errors import BrokerError, LineupError, StoreUnreachable
from storage.run_claim import claim
from storage.runs import Run, open_run
from workers.queue.health_file import HealthFile

logger = logging.getLogger("lineup.orchestrator")


class Service:
    """Claims each run that no orchestrator works on, and steps them in turn."""

    def __init__(self, store: Path, broker: Broker, photos_per_task: int = 0, processes: int = 2) -> None:
        self._store = store
        self._broker = broker
        self._photos_per_task = photos_per_task
        self._processes = processes
        self._adopted: dict[str, tuple[Reconciler, contextlib.ExitStack]] = {}
        self._stages: dict[str, str] = {}
        self._full: set[str] = set()
        self._away = ""
        self._health = HealthFile(None)
        self._runs = SettledRuns(store)

    def serve(self, stop: Stop, between: Callable[[], None] | None = None, health: HealthFile | None = None) -> None:
        """Go on until `stop` is set, calling `between` after each round, except while the store is full or away.

        Args:
            between: starts dead processes again; without a store they would die as soon as they are started.
            health: is told after each step of a run that this service is alive.
        """
        self._health = health or self._health
        try:
            took = 0.0
            while not stop.wait(max(POLL_SECONDS, took)):
                began = time.monotonic()
                self.round()
                if between and not (self._full or self._away):
                    between()
                self._tell_health()
                took = time.monotonic() - began
        finally:
            for run_id, (_, claimed) in self._adopted.items():
                self._release(run_id, claimed)

    def round(self) -> None:
        """Claim new runs, step the claimed ones, release those that have ended; nothing while the store is away."""
        for run_id in self._unsettled():
            if run_id not in self._adopted:
                self._adopt(run_id)
                self._tell_health()
        for run_id, (reconciler, claimed) in [] if self._away else list(self._adopted.items()):
            if self._ended(reconciler):
                self._release(run_id, claimed)
                del self._adopted[run_id]
                self._full.discard(run_id)
            self._tell_health()

    def _unsettled(self) -> list[str]:
        """The runs to look at; none where the store does not answer, which is then logged and told to the probe."""
        try:
            found = self._runs.unsettled()
        except StoreUnreachable as error:
            if not self._away:
                logger.warning("the store is away: %s", error)
            self._away = f"the store is away: {error}"
            return []
        if self._away:
            logger.warning("the store answers again")
            self._away = ""
        return found

    def _tell_health(self) -> None:
        # after each run: an absent store, or a report that is drawn, takes half a minute of each
        self._health.say(self._away or ("the store is full" if self._full else ""))

    def _adopt(self, run_id: str) -> None:
        claimed = contextlib.ExitStack()
        try:
            run = open_run(self._store, run_id)
            if not _wants_work(run):
                self._runs.settle(run_id)
                return
            reconciler = Reconciler(run, self._broker, self._photos_per_task, self._processes)
        except StoreUnreachable as error:
            self._say(run_id, f"the store is away: {error}")
            return
        except LineupError as error:
            self._say(run_id, f"cannot be opened: {error}")
            self._runs.settle(run_id)
            return
        try:
            ours = claimed.enter_context(claim(run))
        except LineupError as error:
            self._say(run_id, f"cannot be claimed: {error}")
            return
        if not ours:
            self._release(run_id, claimed)
            return
        self._say(run_id, "adopted")
        self._adopted[run_id] = (reconciler, claimed)

    def _ended(self, reconciler: Reconciler) -> bool:
        run_id = reconciler.run.run_id
        try:
            status = try_step(reconciler)
        except LineupError as error:
            self._say(run_id, f"{error}")
            # a full disk may get room again: such a run stays claimed and is tried again
            return error.needs_a_person
        except Exception as error:
            logger.exception("a bug stops this run", extra={"run": run_id})
            return self._stop(reconciler.run, f"a bug, see the orchestrator's log: {type(error).__name__}: {error}")
        self._say(run_id, _sentence(status))
        (self._full.add if status.disk_full else self._full.discard)(run_id)
        return status.state != "running"

    def _stop(self, run: Run, why: str) -> bool:
        """Whether that could be written; else the run is tried again."""
        try:
            run.stop(why)
        except LineupError as error:
            self._say(run.run_id, f"cannot be stopped: {error}")
            return False
        return True

    def _release(self, run_id: str, claimed: contextlib.ExitStack) -> None:
        try:
            claimed.close()
        except StoreUnreachable as error:  # it is tried again beside us, and the claim of an ended process is free
            self._say(run_id, f"its claim is released when the store answers: {error}")

    def _say(self, run_id: str, what: str) -> None:
        # once per change, not five times a second
        if self._stages.get(run_id) != what:
            self._stages[run_id] = what
            logger.info("%s", what, extra={"run": run_id})


def _wants_work(run: Run) -> bool:
    return not (run.finished or run.cancelled or run.stopped)


def _sentence(status: Status) -> str:
    if status.state != "running":
        return status.state
    told = [status.waiting] if status.waiting else status.faults
    return ": ".join((status.stage, *told))


def try_step(reconciler: Reconciler) -> Status:
    """One step; where the broker refuses it or does not answer, the status says so, and a later step goes on.

    Raises:
        LineupError: the store is not usable, or the run needs a person and is marked as stopped.
    """
    try:
        return reconciler.step()
    except BrokerError as error:
        return reconciler.faults.without_broker(error)
    except LineupError as error:
        if error.needs_a_person:
            reconciler.run.stop(str(error))
        raise
