"""Parts of these tests again, where the locks of the store's file system are those of NFS, or exclude nobody.

The kernel of a test machine may have no NFS: a preloaded library keeps its rules (locks.c).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import ROOT

SOURCE = Path(__file__).parent / "locks.c"

UNITS = [
    *("tests/storage/test_attempts.py", "tests/storage/test_temporary_files.py", "tests/storage/test_leases.py"),
    *("tests/storage/test_new_folders.py", "tests/storage/test_worker_faults.py"),
]
TELLING = [
    "tests/faults/test_deaths.py::test_a_killed_worker_process_changes_no_table",
    "tests/faults/test_deaths.py::test_a_killed_main_process_ends_its_children_and_changes_no_table",
    "tests/faults/test_writing.py",
    "tests/faults/test_loading.py",
    "tests/faults/test_poison.py",
    "tests/faults/test_twice.py::test_every_message_may_come_three_times",
    "tests/faults/test_twice.py::test_orchestrators_that_die_whenever_they_see_something_new_bring_a_run_to_the_same_end",
]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler")
    built = tmp_path_factory.mktemp("locks") / "locks.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", built, SOURCE, "-ldl"], check=True)
    return built


def under(library: Path, rules: str, code: str, store: Path, **environment: str) -> str:
    """What Python code prints that works on a store under these rules."""
    told = {**os.environ, "LD_PRELOAD": str(library), "LINEUP_TEST_FLOCK": rules, "STORE": str(store), **environment}
    command = [sys.executable, "-c", f"import os; from pathlib import Path; store = Path(os.environ['STORE'])\n{code}"]
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


OPEN = "from storage.liveness import recorded_liveness; from storage.open_store import open_store; open_store(store)\n"


@pytest.mark.parametrize(("rules", "way"), [("nfs", "locks"), ("none", "leases")])
def test_a_new_store_uses_locks_only_where_they_exclude(library: Path, tmp_path: Path, rules: str, way: str) -> None:
    assert under(library, rules, f"{OPEN}print(recorded_liveness(store).way)", tmp_path / "store").strip() == way


@pytest.mark.parametrize(("rules", "way"), [("nfs", "locks"), ("nfs", "leases"), ("none", "leases")])
def test_what_the_dead_left_is_deleted_and_a_run_may_be_claimed(
    library: Path, tmp_path: Path, rules: str, way: str
) -> None:
    code = OPEN + (
        "from storage.liveness import liveness_of; from storage.temporary_files import sweep\n"
        "from storage.write_whole import write_bytes\n"
        "write_bytes(store / 'runs' / 'a' / 'run.json', b'{}')\n"
        "(store / 'runs' / 'a' / '.dead.writing').touch()\n"
        "(store / 'runs' / 'a' / '.dead.123.building').mkdir()\n"
        "print(sweep(store / 'runs' / 'a'))\n"
        "with liveness_of(store).claim(store / 'runs' / 'a' / 'orchestrator.lock', True) as first: print(first)\n"
    )
    assert under(library, rules, code, tmp_path / "store", LINEUP_LIVENESS=way).split() == ["2", "True"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("rules", "way"), [("", "leases:6"), ("nfs", "locks"), ("nfs", "leases:6"), ("none", "leases:6")]
)
def test_the_telling_faults_change_no_table_there_either(library: Path, rules: str, way: str) -> None:
    environment = {**os.environ, "LD_PRELOAD": str(library), "LINEUP_TEST_FLOCK": rules, "LINEUP_LIVENESS": way}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow"]
    command += [*UNITS, *TELLING, *(["-k", "not locks"] if rules == "none" else [])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-5000:]
