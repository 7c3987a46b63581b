"""A clone of this repository as a deployment of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster import ROOT
from tests.proxy import free_port

BUILD_SECONDS, START_SECONDS, RUN_SECONDS = 3600.0, 400.0, 1200.0
LOOK_SECONDS = 3.0
AWKWARD = "a/b@c:d %#?&=,;'\"\\$`ü€*"
"""A password."""

PROCESSOR_SECONDS = """
import os, pathlib
found = {}
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        words = (folder / "stat").read_text().rpartition(")")[2].split()
        found[int(folder.name)] = int(words[1]), (folder / "cmdline").read_bytes(), [*map(int, words[11:15])]
    except OSError:
        continue
del found[os.getpid()]
(worker,) = (pid for pid, (_, command, _) in found.items() if b"celery" in command and b"images" in command)
mine = {worker}
while more := {pid for pid, (parent, _, _) in found.items() if parent in mine} - mine:
    mine |= more
ticks = sum(found[worker][2][2:]) + sum(sum(found[pid][2]) for pid in mine - {worker})
print(ticks / os.sysconf("SC_CLK_TCK"))
"""
"""Of the processes of a container's worker for photos, those that have ended included. Without the worker's first one,
which takes some time in every second, so more a photo where others slow the machine down."""


def worker_seconds(container: str) -> float:
    """The processor time that the processes of a container's worker for photos have taken so far."""
    command = ["docker", "exec", container, "python", "-c", PROCESSOR_SECONDS]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def wait_for(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Look every few seconds until it is so: each look starts processes of Docker."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        pause.wait(LOOK_SECONDS)


class Deployment:
    """A clone in a folder, and what runs of it.

    Args:
        folder: an empty one; its name may be that of another clone's.
        photos: the folder that is mounted.
    """

    def __init__(self, folder: Path, photos: Path, processes: int = 1) -> None:
        self.folder = folder
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        found = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout.decode()
        for name in filter(None, found.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        subprocess.run(["sh", "deploy/setup.sh"], cwd=folder, check=True, capture_output=True)
        (folder / "secrets" / "broker_password").write_text(AWKWARD)
        settings = {"LINEUP_PHOTOS": photos, "LINEUP_PROCESSES": processes, "FLOWER_PORT": free_port()}
        text = (folder / ".env").read_text()
        for name, value in settings.items():
            text = re.sub(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        (folder / ".env").write_text(text)

    @property
    def name(self) -> str:
        """Of the project."""
        (name,) = re.findall(r"^COMPOSE_PROJECT_NAME=(.+)$", (self.folder / ".env").read_text(), re.MULTILINE)
        return str(name)

    def compose(self, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`docker compose ...` in the clone."""
        done = subprocess.run(
            ["docker", "compose", *map(str, arguments)],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if not name.startswith(("LINEUP_", "COMPOSE_"))},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{arguments}: {done.stderr[-3000:]}"
        return done

    def lineup(self, *arguments: object, options: tuple[object, ...] = (), check: bool = True) -> str:
        """What a command of the service `lineup` prints."""
        return self.compose("run", "--rm", "-T", *options, "lineup", *arguments, check=check).stdout

    def containers(self, service: str = "") -> dict[str, dict[str, Any]]:
        """Those that run or have run, by id."""
        shown = self.compose("ps", "--all", "--format", "json", *([service] if service else [])).stdout
        return {one["ID"]: one for one in map(json.loads, shown.splitlines())}

    def scale(self, workers: int) -> None:
        """Have so many containers of workers for photos."""
        self.compose("up", "-d", "--no-build", "--no-recreate", "--scale", f"worker-images={workers}")

    def all_healthy(self) -> bool:
        """Whether each container says that it is ready."""
        return all(one["Health"] == "healthy" for one in self.containers().values())

    def status(self, run_id: str) -> dict[str, Any]:
        """`lineup status --json`, from the orchestrator's container."""
        shown = self.compose("exec", "-T", "orchestrator", "lineup", "status", run_id, "--json").stdout
        return dict(json.loads(shown))

    def wait_until_finished(self, run_id: str) -> None:
        """Return when the run has its report."""
        wait_for(lambda: self.status(run_id)["state"] == "finished", f"the end of {run_id}", RUN_SECONDS)

    def copy_store(self, folder: Path) -> Path:
        """A copy of the store's runs and encodings."""
        folder.mkdir(exist_ok=True)
        for part in ("runs", "encodings"):
            self.compose("cp", f"orchestrator:/store/{part}", folder / part)
        return folder


@contextmanager
def deployed(folder: Path, photos: Path, processes: int = 1) -> Iterator[Deployment]:
    """A deployment of which nothing is left afterwards, but its images."""
    deployment = Deployment(folder, photos, processes)
    try:
        yield deployment
    finally:
        deployment.compose("--profile", "*", "down", "--volumes", "--timeout", "5", check=False)
