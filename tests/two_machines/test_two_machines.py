"""The tables of a run on several hosts over S3, one killed and one cut off for a minute, are those of one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import ROOT
from tests.two_machines.hosts import skip_if_impossible


@pytest.mark.slow
@pytest.mark.timeout(960)
def test_hosts_that_die_or_are_cut_off_change_no_table(tmp_path: Path) -> None:
    skip_if_impossible()
    command = [sys.executable, "-m", "tests.two_machines", "--photos", "60", "--folder", str(tmp_path / "scene")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, tables equal" in done.stdout
