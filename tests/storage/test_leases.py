"""Leases: a process is known to live while its lease changes, whatever else it does, and to be dead soon after."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.attempts import Attempt, claim_attempt
from storage.file_locks import TEMPORARY
from storage.lease_watch import LeaseWatch
from storage.leases import Leases
from storage.liveness import LEASES, LOCKS, VARIABLE, Liveness, liveness_of, record_liveness
from storage.object_path import ObjectPath
from storage.outputs import store_outputs
from storage.read_attempts import read_attempts
from storage.refused_messages import count_refused, refused_messages
from storage.store_id import store_id
from storage.temporary_files import sweep
from storage.worker_faults import WorkerFile, live_workers
from storage.write_whole import write_bytes
from tests.cluster import wait_for

SECONDS = 2.0
"""After which a lease that stands still is dead, in tests that wait for it."""

LONG_SECONDS = 40.0
"""The same in tests that do not."""

AT_ONCE_SECONDS = 15.0
"""So soon a death is known that its keeper tells: long before the lease ends, also on a loaded machine."""

PART = "0" * 32
OBJECTS = "objects"


def a_store(folder: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that tells the living by that way."""
    store = folder / "store"
    monkeypatch.setenv(VARIABLE, way)
    store_id(store)
    record_liveness(store)
    return store


@pytest.fixture(params=[LOCKS, LEASES, OBJECTS])
def store(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in each way, and one of objects."""
    leases = f"{LEASES}:{LONG_SECONDS}"
    if request.param != OBJECTS:
        return a_store(tmp_path, LOCKS if request.param == LOCKS else leases, monkeypatch)
    bucket: Path = request.getfixturevalue("bucket")
    return a_store(bucket, leases, monkeypatch)


@pytest.fixture
def leased(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return a_store(tmp_path, f"{LEASES}:{SECONDS}", monkeypatch)


HOLDING = """
import os, sys
from pathlib import Path
from storage.attempts import Attempt
from storage.liveness import liveness_of
from storage.worker_faults import WorkerFile
from storage.object_path import ObjectPath, store_path
from contextlib import nullcontext
store = store_path(sys.argv[1])
is_folder = not isinstance(store, ObjectPath)
with Attempt(store / "attempts", "0" * 32) as log, liveness_of(store).claim(store / "orchestrator.lock", False) as ours:
    assert ours
    worker = WorkerFile(store / "workers" / "one.worker", "images", ("images",), 1)
    log.begin("a" * 64, 60)
    here = liveness_of(store)
    half = here.temporary_file(store / "half") if is_folder else nullcontext()
    with half, here.temporary_folder(store / "deep") if is_folder else nullcontext():
        print("begun", flush=True)
        exec(sys.stdin.read())
"""


class Holder:
    """A process that holds one of everything: an attempt, a claim, a worker's file, half-written files."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.process = subprocess.Popen([sys.executable, "-c", HOLDING, str(store)], stdin=-1, stdout=-1)
        assert self.process.stdout
        assert self.process.stdout.readline() == b"begun\n"

    def held(self) -> tuple[bool, bool, bool, bool]:
        """Whether this process takes it for alive: by its attempt, its claim, its worker's file, its files."""
        with liveness_of(self.store).claim(self.store / "orchestrator.lock", patient=False) as free:
            pass
        running, deaths = read_attempts(self.store / "attempts")
        assert bool(running) is not bool(deaths)
        sweep(self.store)
        left = [*self.store.glob(f".half.*{TEMPORARY}"), *self.store.glob(".deep.*.building")]
        is_left = bool(running) if isinstance(self.store, ObjectPath) else bool(left)
        return bool(running), not free, bool(live_workers(self.store)), is_left

    def tell(self, code: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(code)
        self.process.stdin.close()

    def keeper(self) -> int:
        """The process that keeps its lease."""
        told = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True)
        return int(told.stdout)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


ALL, NONE = (True,) * 4, (False,) * 4


@pytest.fixture
def holder(store: Path) -> Iterator[Holder]:
    process = Holder(store)
    yield process
    process.end()


@pytest.fixture
def lease_holder(leased: Path) -> Iterator[Holder]:
    process = Holder(leased)
    yield process
    process.end()


def test_what_a_process_holds_is_free_as_soon_as_it_is_killed(holder: Holder) -> None:
    assert holder.held() == ALL
    holder.end()
    wait_for(lambda: holder.held() == NONE, "its death", AT_ONCE_SECONDS)


def test_of_what_was_announced_a_death_counts_against_what_was_begun(holder: Holder) -> None:
    begun, ahead = "b" * 64, "c" * 64
    holder.tell(f"log.announce(['{begun}', '{ahead}']); log.name('{begun}'); os.kill(os.getpid(), 9)".encode())
    holder.process.wait()
    wait_for(lambda: read_attempts(holder.store / "attempts")[1], "its death", AT_ONCE_SECONDS)
    (death,) = read_attempts(holder.store / "attempts")[1]
    assert death.items == ("a" * 64, begun)


def test_a_process_that_keeps_the_interpreters_lock_is_not_dead(lease_holder: Holder) -> None:
    lease_holder.tell(b"import ctypes; ctypes.PyDLL(None).sleep(9)")
    pause = threading.Event()
    for _ in range(8):
        assert lease_holder.held() == ALL
        pause.wait(SECONDS / 6)


def test_a_host_that_is_gone_is_known_by_a_lease_that_stands_still(lease_holder: Holder) -> None:
    assert lease_holder.held() == ALL
    keeper = lease_holder.keeper()
    os.kill(keeper, signal.SIGSTOP)
    try:
        lease_holder.end()
        wait_for(lambda: lease_holder.held() == NONE, "its death", SECONDS * 3)
        read = read_attempts  # the lease is deleted by whoever looks, and not by its keeper
        mine = {own(lease_holder.store)}
        wait_for(
            lambda: read(lease_holder.store / "attempts") and leases(lease_holder.store) == mine, "its deletion", 5
        )
    finally:
        os.kill(keeper, signal.SIGKILL)


def leases(store: Path) -> set[str]:
    return {path.name for path in (store / "leases").iterdir()}


def own(store: Path) -> str:
    return liveness_of(store).owner()


def test_a_keeper_that_was_killed_is_started_again(leased: Path) -> None:
    lease = leased / "leases" / own(leased)
    (keeper,) = keepers(lease.name)
    os.kill(keeper, signal.SIGKILL)
    wait_for(lambda: keeper not in keepers(lease.name), "the keeper's death", 20)
    before = lease.read_bytes()
    wait_for(lambda: lease.read_bytes() != before, "the next keeper", 20)


def keepers(lease: str) -> list[int]:
    """The living keepers of this process."""
    command = ["pgrep", "-r", "R,S,D", "-P", str(os.getpid()), "-f", lease]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(pid) for pid in told.stdout.split()]


def test_an_error_leaves_a_death_though_the_process_lives_on(store: Path) -> None:
    attempt = Attempt(store / "attempts", PART).__enter__()
    attempt.begin("a" * 64, 60)
    attempt.__exit__(RuntimeError, RuntimeError("a bug"), None)
    running, (death,) = read_attempts(store / "attempts")
    assert (running, death.items, death.part) == (set(), ("a" * 64,), PART)
    assert "a bug" in death.last_words


def test_of_many_that_want_the_same_one_gets_it(store: Path) -> None:
    code = (
        "import sys; from storage.object_path import store_path as Path; from storage.attempts import claim_attempt\n"
        "sys.stdin.readline()\n"
        "with claim_attempt(Path(sys.argv[1]) / 'attempts', '0' * 32) as ours:\n"
        "    print(ours is not None, flush=True); sys.stdin.readline()"
    )
    rivals = [
        subprocess.Popen([sys.executable, "-c", code, str(store)], stdin=-1, stdout=-1, text=True, bufsize=1)
        for _ in range(6)
    ]
    answers = []
    for rival in rivals:
        assert rival.stdin
        rival.stdin.write("go\n")
    for rival in rivals:
        assert rival.stdout
        answers.append(rival.stdout.readline())
    for rival in rivals:
        rival.communicate("end\n")
    assert sorted(answers) == ["False\n"] * 5 + ["True\n"]


def test_a_worker_file_is_the_same_in_both_ways(store: Path) -> None:
    worker = WorkerFile(store / "workers" / "one.worker", "images", ("images",), 1)
    (state,) = live_workers(store)
    assert (state.name, state.pid, state.fault) == ("images", os.getpid(), None)
    worker.close()
    assert live_workers(store) == []


def test_the_last_words_of_a_process_are_kept(store: Path) -> None:
    process = Holder(store)
    process.tell(b"import ctypes; ctypes.string_at(0)")
    process.process.wait()
    wait_for(lambda: read_attempts(store / "attempts")[1], "its death", AT_ONCE_SECONDS)
    (death,) = read_attempts(store / "attempts")[1]
    assert death.items == ("a" * 64,)
    assert "Segmentation fault" in death.last_words


def test_processes_count_refused_messages_together(leased: Path) -> None:
    code = "import sys; from pathlib import Path; from storage.refused_messages import *; f = count_refused\n"
    code += "for _ in range(5): f(Path(sys.argv[1]), 'unsigned')"
    for process in [subprocess.Popen([sys.executable, "-c", code, leased]) for _ in range(2)]:
        assert process.wait(60) == 0
    assert count_refused(leased, "unsigned") == 1
    assert refused_messages(leased) == {"unsigned": 11}


def test_no_lock_is_asked_for_where_leases_are_used(leased: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asked for a lock")

    monkeypatch.setattr("fcntl.flock", refuse)
    write_bytes(leased / "runs" / "a" / "run.json", b"{}")
    with (
        claim_attempt(leased / "attempts", PART) as attempt,
        liveness_of(leased).claim(leased / "x.lock", patient=True),
    ):
        assert attempt
        read_attempts(leased / "attempts")
        sweep(leased)
        count_refused(leased, "unsigned")
        outputs = store_outputs(leased)
        for name in ("kept", "dropped"):
            outputs.record(leased.parent / name, "0" * 64)
        outputs.drop(lambda output: output.path.name == "dropped")
    assert [path.name for path in store_outputs(leased).paths()] == ["kept"]


class World:
    """A clock and leases that stand still unless they are told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, 100.0
        folder.mkdir()
        self.watch = LeaseWatch(folder, 10, clock=lambda: self.now)

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content)

    def looks(self, seconds: float, name: str = "a") -> bool:
        """Look every second for so long; what the last look says."""
        for _ in range(round(seconds)):
            self.now += 1
            alive = self.watch.is_alive(name)
        return alive


def test_a_lease_is_alive_when_it_is_first_seen_and_dead_when_it_has_stood_still(tmp_path: Path) -> None:
    world = World(tmp_path / "leases")
    world.write("a", "1")
    assert world.looks(10)
    assert not world.looks(2)
    world.write("a", "2")
    assert world.looks(1)  # a host that was cut off is back


def test_a_watcher_that_slept_calls_nobody_dead(tmp_path: Path) -> None:
    world = World(tmp_path / "leases")
    world.write("a", "1")
    assert world.looks(5)
    world.now += 1000
    assert world.watch.is_alive("a")
    assert not world.looks(12)


def test_a_lease_that_is_gone_is_dead_at_once_and_a_new_one_alive_at_once(tmp_path: Path) -> None:
    world = World(tmp_path / "leases")
    world.write("a", "1")
    assert world.looks(2)
    (world.folder / "a").unlink()
    assert not world.looks(2)
    world.write("b", "1")
    assert world.watch.is_alive("b")  # between two looks


def test_the_lease_of_a_host_that_never_comes_back_is_deleted(tmp_path: Path) -> None:
    world = World(tmp_path / "leases")
    world.write("a", "1")
    assert not world.looks(12)
    assert list(world.folder.iterdir()) == []


def test_whether_a_lease_is_alive_is_known_when_it_has_moved_or_stood_still(tmp_path: Path) -> None:
    world = World(tmp_path / "leases")
    world.write("a", "1")
    world.write("b", "1")
    assert not world.watch.is_settled("a")
    world.write("a", "2")
    assert world.looks(5)
    assert world.watch.is_settled("a")
    assert not world.watch.is_settled("b")
    assert not world.looks(7, "b")
    assert world.watch.is_settled("b")


def test_both_ways_are_what_the_interface_asks_for(leased: Path) -> None:
    way: Liveness = liveness_of(leased)
    assert isinstance(way, Leases)
