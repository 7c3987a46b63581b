"""Prometheus is told what an operator asks, without a name, a path or a key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.maintenance.store_metrics import QUEUES, STATES, StoreMetrics
from orchestrator.scheduler.broker import Broker
from storage.attempts import claim_attempt
from storage.errors import BrokerError, WorkerUnfit
from storage.open_store import open_store
from storage.refused_messages import count_refused
from storage.runs import Run
from storage.worker_faults import KINDS, WorkerFile, fault_of, write_fault
from tests.cluster import Cluster, plan
from tests.orchestrator.conftest import Call
from workers.synthetic.photo_folder import write_folder

Figures = dict[tuple[str, ...], float]


class Queues:
    """In place of a broker."""

    def __init__(self) -> None:
        self.messages = [b"second", b"first"]

    def waiting(self, _queue: str) -> int:
        return len(self.messages)

    def oldest(self, _queue: str) -> bytes:
        return self.messages[-1] if self.messages else b""


class Silent(Queues):
    def waiting(self, _queue: str) -> int:
        raise BrokerError("it does not answer")


def said(collector: StoreMetrics) -> str:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def figures(text: str) -> Figures:
    """Name and the labels' values to the figure."""
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def collector(store: Path, broker: Any = None) -> StoreMetrics:
    return StoreMetrics(store, broker)


def test_a_finished_run_is_counted_with_its_photos_and_names_nobody(copied: Run) -> None:
    text = said(collector(copied.store))
    found = figures(text)
    assert found["lineup_runs", "finished"] == 1
    assert sum(value for (name, *_), value in found.items() if name == "lineup_photos") > 8
    assert found["lineup_photos", "ok"] > 0
    assert ("lineup_stage_items",) not in {key[:1] for key in found}
    values = set(re.findall(r'="([^"]*)"', text))
    assert values <= {*STATES, *QUEUES, *KINDS, "ok", "no_face", "unreadable", "ready", "unfit", "dead"}


def test_a_run_that_waits_for_a_worker_is_told_by_the_end_of_its_name(tmp_path: Path) -> None:
    write_folder(tmp_path / "ada-lovelace", people=2, photos=4, seed=3, side=160, processes=1)
    run = plan(tmp_path / "store", tmp_path / "ada-lovelace")
    text = said(collector(run.store))
    found = figures(text)
    assert "lovelace" not in text
    assert found["lineup_runs", "running"] == 1
    assert found["lineup_runs_waiting",] == 1
    assert found["lineup_stage_items", "done", run.run_id[-8:], "images"] == 0
    assert found["lineup_stage_items", "total", run.run_id[-8:], "images"] == 8
    assert found["lineup_attempts", "running"] == 0
    with claim_attempt(run.attempts, "part") as attempt:
        assert attempt
        for item in ("first", "second"):
            attempt.begin(item, 60)
        assert figures(said(collector(run.store)))["lineup_attempts", "running"] == 1


def test_workers_and_their_faults_are_counted(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    fit = WorkerFile(store / "workers" / "a.worker", "a@host", ("images",), 3)
    unfit = WorkerFile(store / "workers" / "b.worker", "b@host", ("images",), 2)
    write_fault(unfit.path, fault_of(WorkerUnfit("broker", "it refuses the password", "Fix it")))
    count_refused(store, "unsigned")
    found = figures(said(collector(store)))
    for file in (fit, unfit):
        file.close()
    assert (found["lineup_workers", "images", "ready"], found["lineup_workers", "images", "unfit"]) == (1, 1)
    assert (found["lineup_worker_processes", "images"], found["lineup_worker_processes", "training"]) == (3, 0)
    assert (found["lineup_worker_faults", "broker"], found["lineup_worker_faults", "version"]) == (1, 0)
    assert found["lineup_refused_messages", "unsigned"] == 1
    assert found["lineup_store_free_bytes",] > 0


def test_the_oldest_message_ages_until_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    queues = Queues()
    metrics = collector(open_store(tmp_path / "store"), queues)

    def age() -> float:
        now[0] += 10
        return next(
            sample.value
            for family in metrics.collect()
            for sample in family.samples
            if sample.name == "lineup_queue_oldest_seconds" and sample.labels == {"queue": "images"}
        )

    assert [age(), age(), age()] == [0, 10, 20]
    queues.messages.pop()
    assert [age(), age()] == [0, 10]
    queues.messages.clear()
    assert age() == 0


def test_a_broker_that_does_not_answer_is_told(tmp_path: Path) -> None:
    found = figures(said(collector(open_store(tmp_path / "store"), Silent())))
    assert found["lineup_broker_answers",] == 0


def test_a_real_broker_is_asked(lab: Cluster, tmp_path: Path) -> None:
    broker: Broker = lab.stack.broker
    found = figures(said(collector(open_store(tmp_path / "store"), broker)))
    assert (found["lineup_broker_answers",], found["lineup_queue_messages", "images"]) == (1, 0)
    assert broker.oldest("images") == b""


def test_the_command_prints_the_figures_once(tmp_path: Path, call: Call) -> None:
    told = call(open_store(tmp_path / "store"), "metrics", "--once")
    assert told.exit_code == 0
    assert figures(told.stdout)["lineup_runs", "running"] == 0


def test_figures_are_collected_once_for_all_who_ask_in_the_same_seconds(copied: Run) -> None:
    metrics = collector(copied.store)
    assert list(metrics.collect()) is not None
    first = metrics.collect()
    assert metrics.collect() is first
