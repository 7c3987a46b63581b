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


def as_user(number: int) -> list[str]:
    """The command that follows runs as another user; the test skips where that is forbidden."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]
