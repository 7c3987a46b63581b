"""The broker as the orchestrator uses it: send messages, count those that wait, revoke them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from storage.errors import BrokerCertificateError, BrokerError
from workers.queue.addresses import public_address, without_secrets
from workers.queue.broker_options import BrokerOptions
from workers.queue.broker_probe import broker_error

LONGEST_SOCKET_PATH = 107
"""Bytes that Linux accepts; the private broker listens at <tmp>/.lineup-xxxxxxxx/broker.sock."""

REWRITE_SECONDS = 60
"""Longest wait for a broker that writes its files anew."""


class Broker:
    """A connection to the queues of one store.

    Args:
        options: of `store_options`.
    """

    def __init__(self, options: BrokerOptions) -> None:
        from workers.queue.celery_settings import connect

        self.options = options
        self._redis = options.redis_client()
        self._app = connect(options)

    @property
    def url(self) -> str:
        return self.options.url

    def ping(self) -> dict[str, Any]:
        """The server's INFO; raises BrokerError where it does not answer or refuses us."""
        return dict(self._ask(lambda: self._redis.info()))

    def waiting(self, queue: str) -> int:
        """Messages that no worker has taken yet; raises BrokerError."""
        return int(self._ask(lambda: self._redis.llen(*self.options.keys(queue))))

    def oldest(self, queue: str) -> bytes:
        """The message that a worker takes next, as it lies there; empty where none waits. Raises BrokerError."""
        (key,) = self.options.keys(queue)
        found = self._ask(lambda: self._redis.lrange(key, -1, -1))
        return bytes(found[0]) if found else b""

    def queues(self) -> dict[str, list[str]]:
        """The queues that each worker reads, by its name; empty where none answers within two seconds."""
        found = self._ask(lambda: self._app.control.inspect(timeout=2).active_queues())
        return {name: [queue["name"] for queue in queues] for name, queues in (found or {}).items()}

    def is_open(self) -> bool:
        """Whether it accepts commands without a password; raises BrokerError."""
        import redis

        anonymous = self.options.redis_client(anonymous=True)
        try:
            return bool(self._ask(anonymous.ping))
        except BrokerError as error:
            if isinstance(error.__cause__, redis.AuthenticationError):
                return False
            raise

    def send(self, task: str, arguments: tuple[object, ...], queue: str, task_id: str) -> None:
        """Publish a message once; raises BrokerError, and then the message may have been sent or not."""
        self._ask(
            lambda: self._app.send_task(task, arguments, queue=queue, task_id=task_id, retry=False, ignore_result=True)
        )

    def withdraw(self, task_ids: Iterable[str]) -> None:
        """Revoke these tasks; workers end those that run. Raises BrokerError."""
        ids = list(task_ids)
        if ids:
            self._ask(lambda: self._app.control.revoke(ids, terminate=True, signal="SIGKILL"))

    def empty(self, queues: Iterable[str]) -> None:
        """Delete the store's waiting messages, and those that a dead worker held; raises BrokerError."""
        self._ask(lambda: self._redis.delete(*self.options.keys(*queues, "unacked", "unacked_index")))

    def rewrite_files(self) -> str:
        """Have the server write its files anew, so that they hold what its memory holds and nothing older.

        Returns:
            Why its files may still hold older messages; empty where they do not.
        """
        try:
            about = self._persistence()
            if about.get("aof_enabled"):
                self._ask(self._redis.bgrewriteaof)
                about = self._wait_for("aof_rewrite_in_progress", "aof_rewrite_scheduled")
                if about.get("aof_last_bgrewrite_status") != "ok":
                    return "the broker could not rewrite its append-only file; look at its log"
            if self._keeps_snapshots():
                self._ask(self._redis.bgsave)
                if self._wait_for("rdb_bgsave_in_progress").get("rdb_last_bgsave_status") != "ok":
                    return "the broker could not write a snapshot; look at its log"
        except BrokerError as error:
            return f"the broker's files are not written anew: {error.what}"
        return ""

    def _keeps_snapshots(self) -> bool:
        return bool(self._ask(lambda: self._redis.config_get("save")).get("save"))

    def _persistence(self) -> dict[str, Any]:
        return dict(self._ask(lambda: self._redis.info("persistence")))

    def _wait_for(self, *states: str) -> dict[str, Any]:
        """INFO when none of these is under way any more; raises BrokerError."""
        end = time.monotonic() + REWRITE_SECONDS
        while any((about := self._persistence()).get(state) for state in states):
            if time.monotonic() > end:
                raise BrokerError(f"it is still at it after {REWRITE_SECONDS} s", "Repeat the command")
            time.sleep(0.1)
        return about

    def _ask(self, request: Any) -> Any:
        import kombu.exceptions
        import redis

        try:
            return request()
        except (redis.RedisError, kombu.exceptions.OperationalError, OSError) as error:
            why = without_secrets(str(error))
            if "CERTIFICATE_VERIFY_FAILED" in why:
                raise BrokerCertificateError(
                    f"the certificate of {public_address(self.url)} is not to be trusted: {why}",
                    "Set LINEUP_BROKER_CA to the PEM file of the authority that signed it",
                ) from error
            raise broker_error(self.options, error) from error
