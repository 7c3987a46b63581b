"""A host: namespaces of its own for network, processes, mounts, name and clocks, joined to the others by a bridge.

It has its own /tmp and HOME, a monotonic clock that began at another time, and a wall clock that is wrong by hours.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cluster import ROOT, wait_for

WORLD = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]
BRIDGE = "lineup0"
CLOCK = ROOT / "tests" / "faults" / "clock" / "jumping.c"
NET = "10.77.0"
DAY = 86_400
HOME = "/tmp/home"  # noqa: S108 - of a file system that the host has for itself


def why_impossible() -> str:
    """Why no hosts can be made here; empty where they can."""
    if os.geteuid() != 0:
        return "only root can make hosts"
    missing = [name for name in ("unshare", "nsenter", "ip", "cc") if shutil.which(name) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    links = f"ip link add name {BRIDGE} type bridge && ip link add name veth8 type veth peer name veth9"
    script = f"{links} && unshare --time true"
    done = subprocess.run([*WORLD, "sh", "-c", script], capture_output=True, text=True, check=False)
    return f"no hosts can be made here: {done.stderr.strip()}" if done.returncode else ""


def skip_if_impossible() -> None:
    """Skip the test with the reason."""
    if why := why_impossible():
        pytest.skip(why)


def make_bridge() -> None:
    """To be called once in the world in which all hosts live; this process becomes NET.1."""
    for command in (
        "ip link set lo up",
        f"ip link add {BRIDGE} type bridge",
        f"ip addr add {NET}.1/24 dev {BRIDGE}",
        f"ip link set {BRIDGE} up",
    ):
        subprocess.run(command.split(), check=True)


def wrong_clock(folder: Path) -> Path:
    """Compile the library that makes a process see a wrong wall clock."""
    library = folder / "jumping.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, CLOCK, "-ldl"], check=True)
    return library


def _own_tmp(folder: Path) -> str:
    """Shell commands that give a host a /tmp; `folder` and the project are seen there too, where they lie in it."""
    new, old = Path("/mnt"), Path("/tmp")  # noqa: S108 - the point of mounts
    commands = [f"mount -t tmpfs none {new}"]
    for shared in (folder, ROOT, Path(sys.prefix)):
        if shared.is_relative_to(old):
            there = shlex.quote(str(new / shared.relative_to(old)))
            commands.append(f"mkdir -p {there} && mount --bind {shlex.quote(str(shared))} {there}")
    return " && ".join((*commands, f"mount --move {new} {old}"))


class Host:
    """One host; it is up when this returns.

    Args:
        folder: for its logs and its clock, seen by all.
        hours: by which its wall clock is ahead; its monotonic clock is ahead by some days.
    """

    def __init__(self, folder: Path, number: int, hours: float, library: Path) -> None:
        self.name, self.address = f"host-{number}", f"{NET}.{10 + number}"
        self._folder, self._link = folder, f"veth{number}"
        clock = folder / f"{self.name}.clock"
        clock.write_bytes(struct.pack("q", round(hours * 3600)))
        self.environment = {"HOME": HOME, "LD_PRELOAD": str(library), "LINEUP_TEST_CLOCK": str(clock)}
        self._processes: list[subprocess.Popen[bytes]] = []
        boot = f"hostname {self.name} && {_own_tmp(folder)} && mkdir -m 700 {HOME} && ip link set lo up"
        self._init = subprocess.Popen(
            [
                *(*WORLD, "--uts", "--ipc", "--time", f"--monotonic={number * DAY}", f"--boottime={number * DAY}"),
                *("sh", "-c", f"{boot} && echo up && exec sleep infinity"),
            ],
            stdout=subprocess.PIPE,
        )
        assert self._init.stdout
        assert self._init.stdout.readline() == b"up\n"
        children = Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children").read_text().split()
        self._first = int(children[0])
        self._join()

    def _join(self) -> None:
        for command in (
            f"ip link add {self._link} type veth peer name eth0 netns {self._init.pid}",
            f"ip link set {self._link} master {BRIDGE} up",
        ):
            subprocess.run(command.split(), check=True)
        for command in (f"ip addr add {self.address}/24 dev eth0", "ip link set eth0 up"):
            subprocess.run([*self._enter, *command.split()], check=True)

    @property
    def _enter(self) -> list[str]:
        return ["nsenter", "--all", "--target", str(self._first), "--wd=/", "--"]

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a process there."""
        with (self._folder / f"{self.name}-{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self._enter, *command],
                env={**os.environ, **self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def said(self, name: str) -> str:
        """All that a process has printed."""
        return (self._folder / f"{self.name}-{name}.log").read_text(errors="replace")

    def cut(self) -> None:
        """Pull its cable."""
        subprocess.run(["ip", "link", "set", self._link, "down"], check=True)

    def join_again(self) -> None:
        """Put its cable back."""
        subprocess.run(["ip", "link", "set", self._link, "up"], check=True)

    def kill(self) -> None:
        """Switch it off: every process of it ends without a word, and the network with it."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.cut()  # before its last process can say anything
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._first, 9)
        self._init.kill()
        self._init.wait()
        for process in self._processes:
            process.kill()
            process.wait()


def lineup_command(*arguments: object) -> list[str]:
    """The command line, as these tests run it."""
    return [str(Path(sys.executable).with_name("lineup")), *map(str, arguments)]


def answers(address: str, port: int) -> None:
    """Wait until something listens there."""
    import socket

    def is_open() -> bool:
        with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
            return True
        return False

    wait_for(is_open, f"{address}:{port}", 60)
