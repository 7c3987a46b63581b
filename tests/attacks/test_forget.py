"""After `forget` the name is in no byte of the store, of the broker's folder and of private folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.outputs import store_outputs
from storage.runs import Run
from tests.cluster import ROOT, Cluster, running
from tests.faults.marking import PLUGIN
from tests.orchestrator.maintenance.test_erase_person import PERSON, holding
from workers.synthetic.photo_folder import write_folder

LINEUP = Path(sys.executable).with_name("lineup")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker with an append-only file, and workers."""
    with running(tmp_path_factory.mktemp("forget"), PLUGIN, processes=1) as one:
        yield one


@pytest.fixture
def run(cluster: Cluster, tmp_path: Path) -> Run:
    """A finished run of four people."""
    folder = tmp_path / "photos"
    write_folder(folder, people=4, photos=4, seed=21, side=160, processes=1)
    (folder / "ada").rename(folder / PERSON)
    cluster.start_afresh()
    run = cluster.plan(folder)
    assert cluster.finish(run).state == "finished"
    return run


def forget(cluster: Cluster, *options: str, url: str | None = None) -> tuple[int, dict[str, Any]]:
    """The exit code of the command and the record that it prints."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LINEUP_STORE": str(cluster.store),
        "LINEUP_BROKER_URL": cluster.stack.broker_url if url is None else url,
    }
    command = [str(LINEUP), "forget", "--yes", "--json", *options, "--", PERSON]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def bytes_of(folders: list[Path]) -> bytes:
    return b"".join(path.read_bytes() for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())


def keys_of(run: Run) -> list[bytes]:
    from orchestrator.maintenance.erase_person import find_person

    return [key.encode() for key in find_person(run.store, PERSON).keys]


def test_the_name_is_in_no_byte_of_the_store_and_of_the_broker(cluster: Cluster, run: Run) -> None:
    traces = [PERSON.encode(), json.dumps(PERSON)[1:-1].encode(), *keys_of(run)]
    # an interrupted planning, a deletion by hand, a writer that was killed, a log that was rotated
    unplanned = cluster.store / "runs" / "interrupted"
    unplanned.mkdir()
    shutil.copy(run.catalog, unplanned)
    shutil.copytree(run.report, cluster.store / "runs" / "by-hand" / "report")
    (cluster.store / ".run.json.1234.writing").write_text(PERSON)
    (cluster.store / "logs" / "worker-images.log.1").write_text(f"cannot read {PERSON}/ada-001.jpg\n")
    cluster.connection().lpush("images", PERSON.encode(), *keys_of(run))
    assert PERSON.encode() in bytes_of(cluster.broker_files())
    assert {path.split("/")[0] for path in holding(cluster.store, traces)} > {"runs", "logs"}

    code, told = forget(cluster)
    assert holding(cluster.store, traces) == []
    kept = bytes_of(cluster.broker_files())
    assert not [trace for trace in traces if trace in kept]
    assert [Path(path).name for path in told["folders"]] == ["by-hand", "interrupted"]
    assert (code, told["left"], told["in_broker"]) == (0, [], "")


def test_a_broker_that_keeps_its_files_is_said_and_makes_the_exit_code_1(cluster: Cluster, run: Run) -> None:
    cluster.connection().acl_setuser("default", enabled=True, commands=["-bgrewriteaof"])
    try:
        code, told = forget(cluster)
    finally:
        cluster.connection().acl_setuser("default", enabled=True, commands=["+bgrewriteaof"])
    assert code == 1
    assert "not written anew" in told["in_broker"]
    assert [one["run_id"] for one in told["runs"]] == [run.run_id]


def test_copies_outside_the_store_are_listed_and_deleted_only_where_asked_and_unchanged(
    cluster: Cluster, run: Run, tmp_path: Path
) -> None:
    names = ("theirs.jpg", "changed.jpg", "others.jpg", "curve.svg")
    theirs, changed, others, unknown = (tmp_path / "out" / name for name in names)
    ledger = store_outputs(cluster.store)
    for path, people in ((theirs, [PERSON]), (changed, [PERSON]), (others, ["bruno"]), (unknown, None)):
        ledger.write(path, b"a picture", people)
    changed.write_bytes(b"retouched")
    plan_again = run.catalog.read_bytes()
    code, told = forget(cluster, "--copies")
    assert (code, plan_again != run.catalog.read_bytes()) == (0, True)
    assert {Path(copy["path"]).name: copy["deleted"] for copy in told["copies"]} == {
        "theirs.jpg": True,
        "changed.jpg": False,
        "curve.svg": True,  # nobody noted whose names are in it
    }
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["changed.jpg", "others.jpg"]
    assert [each.path for each in store_outputs(cluster.store).outputs()] == [others]


def test_a_file_of_another_version_is_named_and_makes_the_exit_code_1(cluster: Cluster, run: Run) -> None:
    old = cluster.store / "runs" / "old"
    old.mkdir()
    (old / "run.json").write_text(json.dumps({"schema_version": 0, "run_id": "old"}))
    (old / "people.csv").write_text(f"{PERSON},3\n")
    code, told = forget(cluster)
    assert code == 1
    assert told["runs"][0]["run_id"] == run.run_id
    assert told["left"] == [str(old / "people.csv")]


KILLED = """
import os, signal, sys
from pathlib import Path
from orchestrator.local.cluster import LocalCluster
from tests.cluster import queues_of
stack = LocalCluster(Path(sys.argv[1]), queues=())
stack.__enter__()
queues_of(Path(sys.argv[1]), stack.broker_url).lpush("images", sys.argv[2])
os.kill(stack.children()[0].pid, signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_folder_of_a_killed_private_broker_goes(
    cluster: Cluster, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "t"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "another"), PERSON]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert PERSON.encode() in bytes_of([temporary])
    code, told = forget(cluster, url="")
    assert (code, told["runs"][0]["run_id"]) == (0, run.run_id)
    assert list(temporary.iterdir()) == []
