"""Figures of a store and its broker in Prometheus' form. No label has a name, a path or a photo's key.

Reading needs no lock and disturbs nobody. Parts are read once; what has not changed is not read again.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.maintenance.outcome_counts import OutcomeCounts
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.status import STAGES, status_of
from storage.errors import BrokerError, LineupError
from storage.object_path import ObjectPath
from storage.read_attempts import look_at_attempts
from storage.refused_messages import refused_messages
from storage.runs import Run, list_runs, open_run
from storage.worker_faults import KINDS, live_workers
from workers.queue.task_names import IMAGES, TRAINING

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

QUEUES = (IMAGES, TRAINING)
STATES = ("running", "stopped", "cancelled", "finished", "unreadable")

KEPT_SECONDS = 5.0
"""Whoever asks more often gets the same figures again."""

HASH = 8
"""Last characters of a run's name: the rest of it comes from the folder of photos, which may be a person's name."""


class StoreMetrics:
    """A collector for prometheus_client.

    Args:
        broker: None where none is set: then nothing is said of queues.
    """

    def __init__(self, store: Path, broker: Broker | None) -> None:
        self._store, self._broker = store, broker
        self._outcomes = OutcomeCounts(store)
        self._oldest: dict[str, tuple[bytes, float]] = {}
        self._kept: list[GaugeMetricFamily] = []
        self._collected = float("-inf")

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing, so that registering reads no store."""
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """All figures of this moment."""
        began = time.monotonic()
        if began - self._collected >= KEPT_SECONDS:
            found = [*self._photos(), *self._runs(), *self._workers(), *self._queues(), *self._messages()]
            seconds = time.monotonic() - began
            self._kept = [*found, _gauge("lineup_scrape_seconds", "Time to collect these figures", {(): seconds})]
            self._collected = time.monotonic()
        return self._kept

    def _photos(self) -> Iterator[GaugeMetricFamily]:
        counts = {(outcome,): float(count) for outcome, count in self._outcomes.look().items()}
        yield _gauge(
            "lineup_photos", "Photos of the store with their outcome, of all runs and engines", counts, "outcome"
        )
        if not isinstance(self._store, ObjectPath):
            free = float(shutil.disk_usage(self._store).free)
            yield _gauge("lineup_store_free_bytes", "Room on the store's disk", {(): free})

    def _runs(self) -> Iterator[GaugeMetricFamily]:
        states: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        amounts: dict[tuple[str, ...], float] = {}
        attempts: Counter[str] = Counter(running=0, dead=0)
        resting = 0
        for run_id in list_runs(self._store):
            try:
                run = open_run(self._store, run_id)
                state = _settled_state(run) or self._note_running(run, amounts, attempts)
                resting += state == "waiting"
            except LineupError:
                state = "unreadable"
            states["running" if state == "waiting" else state] += 1
        yield _gauge("lineup_runs", "Runs by state", {(name,): float(n) for name, n in states.items()}, "state")
        words = "Photos, trainings or epochs of an unfinished run's stage"
        yield _gauge("lineup_stage_items", words, amounts, "run", "stage", "amount")
        yield _gauge("lineup_runs_waiting", "Unfinished runs that no worker can go on with", {(): float(resting)})
        words = "Attempts of unfinished runs; dead: their process ended before they did, and their photos are suspects"
        yield _gauge("lineup_attempts", words, {(name,): float(n) for name, n in attempts.items()}, "state")

    def _note_running(self, run: Run, amounts: dict[tuple[str, ...], float], attempts: Counter[str]) -> str:
        status = status_of(run)
        name = run.run_id[-HASH:]
        if status.stage in STAGES:
            amounts[name, status.stage, "done"] = status.done
            amounts[name, status.stage, "total"] = status.total
        found = look_at_attempts(run.attempts)
        attempts["running"] += found.alive
        attempts["dead"] += len(found.deaths)
        return "waiting" if status.waiting else "running"

    def _workers(self) -> Iterator[GaugeMetricFamily]:
        workers: Counter[tuple[str, ...]] = Counter({(queue, fit): 0 for queue in QUEUES for fit in ("ready", "unfit")})
        processes: Counter[tuple[str, ...]] = Counter({(queue,): 0 for queue in QUEUES})
        faults: Counter[tuple[str, ...]] = Counter({(kind,): 0 for kind in KINDS})
        for worker in live_workers(self._store):
            for queue in worker.queues:
                workers[queue, "unfit" if worker.fault else "ready"] += 1
                processes[queue,] += 0 if worker.fault else worker.processes
            if worker.fault:
                faults[worker.fault.kind,] += 1
        yield _gauge("lineup_workers", "Living workers of a queue", _floats(workers), "queue", "state")
        yield _gauge("lineup_worker_processes", "Processes of ready workers", _floats(processes), "queue")
        yield _gauge("lineup_worker_faults", "Workers that take no work, by their fault", _floats(faults), "kind")

    def _queues(self) -> Iterator[GaugeMetricFamily]:
        if self._broker is None:
            return
        lengths: dict[tuple[str, ...], float] = {}
        ages: dict[tuple[str, ...], float] = {}
        try:
            for queue in QUEUES:
                lengths[queue,] = self._broker.waiting(queue)
                ages[queue,] = self._age(queue, self._broker.oldest(queue))
            answers = 1.0
        except BrokerError:
            answers = 0.0
        yield _gauge("lineup_broker_answers", "Whether the broker answers", {(): answers})
        yield _gauge("lineup_queue_messages", "Messages that no worker has taken", lengths, "queue")
        words = "How long the oldest waiting message has been seen to wait, from one collection to the next"
        yield _gauge("lineup_queue_oldest_seconds", words, ages, "queue")

    def _age(self, queue: str, oldest: bytes) -> float:
        now = time.monotonic()
        if not oldest:
            self._oldest.pop(queue, None)
            return 0.0
        mark = hashlib.sha256(oldest).digest()
        before, since = self._oldest.get(queue, (mark, now))
        self._oldest[queue] = (mark, since if mark == before else now)
        return now - self._oldest[queue][1]

    def _messages(self) -> Iterator[GaugeMetricFamily]:
        counts = {(reason,): float(count) for reason, count in refused_messages(self._store).items()}
        yield _gauge("lineup_refused_messages", "Messages that workers refused", counts, "reason")


def _settled_state(run: Run) -> str:
    """The state of a run that nobody works on; empty for any other."""
    if run.finished:
        return "finished"
    return "stopped" if run.stopped else "cancelled" if run.cancelled else ""


def _floats(counts: Counter[tuple[str, ...]]) -> dict[tuple[str, ...], float]:
    return {labels: float(count) for labels, count in counts.items()}


def _gauge(name: str, words: str, values: Mapping[Any, float], *labels: str) -> GaugeMetricFamily:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, words, labels=labels)
    for of_labels, value in sorted(values.items()):
        family.add_metric(of_labels, value)
    return family
