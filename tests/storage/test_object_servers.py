"""The tests of stores and photos by address hold on object stores of other makers, too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.object_servers import VARIABLE, object_server

ROOT = Path(__file__).parents[2]

TESTS = [
    *(f"tests/storage/test_{each}.py" for each in ("leases", "object_leases", "object_path", "object_stores", "parts")),
    *(f"tests/storage/test_{each}.py" for each in ("local_copies", "path_kinds", "scans", "whole_objects")),
    "tests/storage/test_write_whole.py",
    "tests/orchestrator/dataset/test_bucket_listing.py",
    "tests/orchestrator/maintenance/test_diagnose_liveness.py",
]

WHOLE_RUN = "tests/orchestrator/test_object_store.py::test_a_run_in_a_bucket_gives_the_tables_of_a_run_in_a_folder"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def passed(server: str, *tests: str) -> int:
    """How many of these tests pass on that server; none may fail."""
    with object_server(server):  # else this test skips, and says what is missing
        pass
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "not moto",
        "-p",
        "no:cacheprovider",
        "--timeout=800",
        "-vv",
        *tests,
    ]
    environment = {**os.environ, VARIABLE: server}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=840)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    return len(re.findall(r"::\S+ PASSED", done.stdout))


@pytest.mark.parametrize("server", ["azurite", "google", "seaweedfs"])
def test_a_store_of_another_maker_keeps_the_same_promises(server: str) -> None:
    assert passed(server, *TESTS) > 90


@pytest.mark.parametrize("server", ["azurite", "google", "seaweedfs"])
def test_a_whole_run_has_the_tables_of_a_folder(server: str) -> None:
    assert passed(server, WHOLE_RUN) == 1
