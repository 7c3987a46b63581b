"""Commands that start another one where something of the machine is missing; they need Linux namespaces."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

UNSHARE = ["unshare", "--mount", "--propagation", "private"]
AS_ROOT = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]


def with_mount(*mounts: str) -> list[str]:
    """A command to put before another, for which these mounts are made; the test skips where that is forbidden.

    Args:
        mounts: arguments of `mount`.
    """
    script = " && ".join([*(f"mount {mount}" for mount in mounts), 'exec "$@"'])
    command = [*UNSHARE, *AS_ROOT, "sh", "-c", script, "sh"]
    done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no mount namespace can be made here: {done.stderr.strip()}")
    return command


def without_photos(folder: Path) -> list[str]:
    """For the command that follows, a folder is empty."""
    return with_mount(f"-t tmpfs -o mode=0755 none {folder}")


def without_shared_memory() -> list[str]:
    """For the command that follows, /dev/shm cannot be written."""
    return with_mount("-t tmpfs -o ro none /dev/shm")


def with_other_photos(folder: Path, others: Path) -> list[str]:
    """For the command that follows, a folder has the files of another."""
    return with_mount(f"--bind {others} {folder}")


def without_override() -> list[str]:
    """The command that follows runs as root that may not read the files of others; the test skips without root."""
    command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if os.geteuid() != 0 or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("only root can give up its right to read the files of others")
    return command
