"""Try on a broker what workers need of it, since each refusal otherwise looks like silence."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

from storage.errors import BrokerError, BrokerRefusal
from workers.queue.addresses import public_address, without_secrets
from workers.queue.broker_options import BrokerOptions

READ_ONLY_HINT = "It is a read-only replica: name the primary server in LINEUP_BROKER_URL"

AUTHENTICATION_HINT = (
    "Fix the password: LINEUP_BROKER_PASSWORD_FILE, or in LINEUP_BROKER_URL with / # ? @ : as %2F %23 %3F %40 %3A"
)


def probe_broker(options: BrokerOptions) -> None:
    """Use every kind of command that a worker uses, on a key of its own that is deleted again.

    Raises:
        BrokerRefusal: the server answers, and refuses a command.
        BrokerError: it does not answer.
    """
    import redis

    key = options.keys(f"probe-{uuid.uuid4().hex}")[0]
    client = options.redis_client()
    try:
        for command in _commands(key, *options.keys(_channel(options.url))):
            client.execute_command(*command)  # type: ignore[no-untyped-call]
    except (redis.RedisError, OSError) as error:
        raise broker_error(options, error) from error
    finally:
        client.close()


def broker_error(options: BrokerOptions, error: Exception) -> BrokerError:
    """The error that says what a broker refuses, or that it does not answer.

    Args:
        error: of redis-py or kombu.
    """
    import redis

    shown, why = public_address(options.url), without_secrets(str(error))
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(each, redis.exceptions.ReadOnlyError) for each in causes):
        return BrokerRefusal(f"the broker {shown} takes no messages: {why}", READ_ONLY_HINT)
    if any(isinstance(each, redis.exceptions.NoPermissionError) for each in causes):
        user = urlsplit(options.url).username or "default"
        hint = f"Give its user its keys and channels: ACL SETUSER {user} ~{options.prefix}* &{options.prefix}* +@all"
        return BrokerRefusal(f"the broker {shown} forbids what Lineup needs: {why}", f"{hint} -@admin +info")
    if any(isinstance(each, redis.exceptions.AuthenticationError) for each in causes):
        return BrokerRefusal(f"the broker {shown} refuses the password: {why}", AUTHENTICATION_HINT)
    return BrokerError(f"the broker {shown} does not answer: {why}", "Start it, or fix LINEUP_BROKER_URL")


def _channel(url: str) -> str:
    """A channel of the kind on which workers tell what they do; kombu passes over what is empty."""
    parts = urlsplit(url)
    number = parts.path.strip("/") if parts.scheme != "redis+socket" else ""
    return f"/{number or 0}.celeryev/worker.probe"


def _commands(key: str, channel: str) -> list[tuple[Any, ...]]:
    return [
        ("LPUSH", key, "probe"),
        ("LLEN", key),
        ("BRPOP", key, 1),
        ("HSET", key, "tag", "probe"),
        ("HDEL", key, "tag"),
        ("ZADD", key, 1, "tag"),
        ("ZREM", key, "tag"),
        ("SADD", key, "tag"),
        ("SREM", key, "tag"),
        ("PUBLISH", channel, ""),
        ("DEL", key),
    ]
