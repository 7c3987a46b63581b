"""The broker as the orchestrator needs it: send a hint, see how many wait, take some back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from storage.errors import BrokerError


def redis_url(broker_url: str) -> str:
    """A broker's address as the Redis client spells it: kombu's redis+socket:// is its unix://."""
    return broker_url.replace("redis+socket://", "unix://", 1)


def without_password(url: str) -> str:
    """An address that may be shown and logged."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class Broker:
    """A connection to the queues.

    Args:
        url: as Celery spells it.
    """

    def __init__(self, url: str) -> None:
        import redis

        from workers.app import connect

        self.url = url
        self._app = connect(url)
        self._redis = redis.Redis.from_url(redis_url(url), socket_timeout=10, socket_connect_timeout=5)

    def ping(self) -> dict[str, Any]:
        """The server's own account of itself; raises BrokerError where it is not there or refuses us."""
        return dict(self._ask(lambda: self._redis.info()))

    def waiting(self, queue: str) -> int:
        """Messages that no worker has taken yet; raises BrokerError."""
        return int(self._ask(lambda: self._redis.llen(queue)))

    def workers(self) -> dict[str, Any]:
        """What each worker says of itself, by name; empty where none answers within two seconds."""
        found = self._ask(lambda: self._app.control.inspect(timeout=2).stats())
        return dict(found or {})

    def send(self, task: str, arguments: tuple[object, ...], queue: str, task_id: str, seconds: float) -> None:
        """Publish a message once; raises BrokerError, and then it is not known whether it went out.

        Args:
            seconds: hard limit of the task.
        """
        self._ask(
            lambda: self._app.send_task(
                task, arguments, queue=queue, task_id=task_id, time_limit=seconds, retry=False, ignore_result=True
            )
        )

    def withdraw(self, task_ids: Iterable[str]) -> None:
        """Have workers drop these tasks and end those that run; raises BrokerError."""
        ids = list(task_ids)
        if ids:
            self._ask(lambda: self._app.control.revoke(ids, terminate=True, signal="SIGKILL"))

    def _ask(self, question: Any) -> Any:
        import kombu.exceptions
        import redis

        try:
            return question()
        except (redis.RedisError, kombu.exceptions.OperationalError, OSError) as error:
            raise BrokerError(
                f"the broker {without_password(self.url)} does not answer: {error}",
                "Start it, or mend LINEUP_BROKER_URL",
            ) from error
