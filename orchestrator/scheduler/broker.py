"""The broker as the orchestrator uses it: send messages, count those that wait, revoke them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from storage.errors import BrokerError, BrokerUrlError


def redis_url(broker_url: str) -> str:
    """A broker's address as the Redis client spells it: it says unix:// where kombu says redis+socket://."""
    return broker_url.replace("redis+socket://", "unix://", 1)


def without_password(url: str) -> str:
    """An address that may be shown and logged, also where a '/' in the password makes it invalid."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if "@" in host:
        rest = host.rpartition("@")[2] + slash + path
    elif host:
        rest = rest.rpartition("@")[2]
    return scheme + mark + rest


class Broker:
    """A connection to the queues; raises BrokerUrlError where `url` is not an address.

    Args:
        url: as Celery spells it.
    """

    def __init__(self, url: str) -> None:
        import redis

        from workers.queue.app import connect

        self.url = url
        try:
            self._redis = redis.Redis.from_url(redis_url(url), socket_timeout=10, socket_connect_timeout=5)
        except ValueError:
            # show neither the address nor the error: of a password with a '/' in it, a part stands where the port would
            raise BrokerUrlError(
                "LINEUP_BROKER_URL is not an address of a broker",
                "Write it such as redis://:PASSWORD@HOST:6379/0, where / # ? @ : of a password are %2F %23 %3F %40 %3A",
            ) from None
        self._app = connect(url)

    def ping(self) -> dict[str, Any]:
        """The server's INFO; raises BrokerError where it does not answer or refuses us."""
        return dict(self._ask(lambda: self._redis.info()))

    def waiting(self, queue: str) -> int:
        """Messages that no worker has taken yet; raises BrokerError."""
        return int(self._ask(lambda: self._redis.llen(queue)))

    def workers(self) -> dict[str, Any]:
        """Statistics of each worker by name; empty where none answers within two seconds."""
        found = self._ask(lambda: self._app.control.inspect(timeout=2).stats())
        return dict(found or {})

    def queues(self) -> dict[str, list[str]]:
        """The queues that each worker reads, by its name; empty where none answers within two seconds."""
        found = self._ask(lambda: self._app.control.inspect(timeout=2).active_queues())
        return {name: [queue["name"] for queue in queues] for name, queues in (found or {}).items()}

    def is_open(self) -> bool:
        """Whether it accepts commands without a password; raises BrokerError."""
        import redis

        anonymous = redis.Redis.from_url(redis_url(without_password(self.url)), socket_timeout=10)
        try:
            return bool(self._ask(anonymous.ping))
        except BrokerError as error:
            if isinstance(error.__cause__, redis.AuthenticationError):
                return False
            raise

    def send(self, task: str, arguments: tuple[object, ...], queue: str, task_id: str, seconds: float) -> None:
        """Publish a message once; raises BrokerError, and then the message may have been sent or not.

        Args:
            seconds: hard limit of the task.
        """
        self._ask(
            lambda: self._app.send_task(
                task, arguments, queue=queue, task_id=task_id, time_limit=seconds, retry=False, ignore_result=True
            )
        )

    def withdraw(self, task_ids: Iterable[str]) -> None:
        """Revoke these tasks; workers end those that run. Raises BrokerError."""
        ids = list(task_ids)
        if ids:
            self._ask(lambda: self._app.control.revoke(ids, terminate=True, signal="SIGKILL"))

    def empty(self, queues: Iterable[str]) -> None:
        """Delete the waiting messages, and those that a dead worker held; raises BrokerError."""
        self._ask(lambda: self._redis.delete(*queues, "unacked", "unacked_index"))

    def _ask(self, request: Any) -> Any:
        import kombu.exceptions
        import redis

        try:
            return request()
        except (redis.RedisError, kombu.exceptions.OperationalError, OSError) as error:
            raise BrokerError(
                f"the broker {without_password(self.url)} does not answer: {error}",
                "Start it, or fix LINEUP_BROKER_URL",
            ) from error
