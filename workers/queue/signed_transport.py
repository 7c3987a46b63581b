"""kombu's Redis transport, with every message signed when it is sent and checked when it is read.

The check stands in the client, as kombu's own key prefix does (`GlobalKeyPrefixMixin`), because kombu (5.7) parses
JSON in its event loop: at the reading of a queue, at a broadcast, and at the restoring of what a dead worker held. An
error there ends the worker, so nothing unchecked may come so far. kombu sees an unsigned message as none at all.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as plain
from redis.exceptions import NoPermissionError

from workers.queue.bounded_parser import BoundedParser
from workers.queue.message_guard import MessageGuard

GUARD = "message_guard"
"""The transport option that carries the MessageGuard."""

_SENDING = ("LPUSH", "RPUSH", "PUBLISH")
_ASKING = ("RPOP", "HGET")


class _Guarded:
    """Signs what a client writes to a place and checks what it reads there.

    kombu writes to a hash only what waits for an acknowledgement.
    """

    message_guard: MessageGuard

    def execute_command(self, *args: Any, **options: Any) -> Any:
        command, place = args[0], str(args[1]) if len(args) > 1 else ""
        if command in (*_SENDING, "HSET"):
            if command != "PUBLISH" and not self.message_guard.sends_tasks:
                raise NoPermissionError("this process may not send tasks")
            if self.message_guard.key is None:  # Flower asks workers by itself; without a key they would refuse it
                return 0
            first = 2 if command in _SENDING else 3
            args = (*args[:first], *(self.message_guard.signed(place, value) for value in args[first:]))
        found = super().execute_command(*args, **options)  # type: ignore[misc]
        if command in _ASKING and isinstance(found, bytes):
            return self.message_guard.content(place, found)
        return found


class _Pipeline(_Guarded, plain.PrefixedRedisPipeline):
    def __init__(self, *args: Any, message_guard: MessageGuard, **options: Any) -> None:
        self.message_guard = message_guard
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]


class _PubSub(plain.PrefixedRedisPubSub):
    def __init__(self, *args: Any, message_guard: MessageGuard, **options: Any) -> None:
        self.message_guard = message_guard
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]

    def parse_response(self, *args: Any, **options: Any) -> Any:
        found = super().parse_response(*args, **options)  # type: ignore[no-untyped-call]
        if not found or not found[-1] or _text(found[0]) not in ("message", "pmessage"):
            return found  # kombu passes over what is empty
        *about, data = found
        content = self.message_guard.content(_text(about[-1]), data)
        return None if content is None else [*about, content]


class _Client(_Guarded, plain.PrefixedStrictRedis):
    def __init__(self, *args: Any, message_guard: MessageGuard, **options: Any) -> None:
        self.message_guard = message_guard
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        found = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        if command_name != "BRPOP" or not found:  # BRPOP is sent without `execute_command`
            return found
        place, data = found
        content = self.message_guard.content(_text(place), data)
        return None if content is None else (place, content)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> _Pipeline:
        return _Pipeline(
            self.connection_pool,
            self.response_callbacks,
            transaction,
            shard_hint,
            global_keyprefix=self.global_keyprefix,
            message_guard=self.message_guard,
        )

    def pubsub(self, **options: Any) -> _PubSub:
        return _PubSub(
            self.connection_pool,
            global_keyprefix=self.global_keyprefix,
            message_guard=self.message_guard,
            **options,
        )


def _text(name: bytes | str) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name


class SignedChannel(plain.Channel):
    """A channel whose clients sign and check; without the option GUARD it cannot be made."""

    from_transport_options: tuple[str, ...] = (  # type: ignore[assignment]
        *plain.Channel.from_transport_options,
        GUARD,
    )

    def _get_client(self) -> Any:
        super()._get_client()  # type: ignore[no-untyped-call] # checks the version of redis-py
        return partial(_Client, global_keyprefix=self.global_keyprefix, message_guard=getattr(self, GUARD))

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        parameters = super()._connparams(asynchronous=asynchronous)  # type: ignore[no-untyped-call]
        return {**parameters, "parser_class": BoundedParser}


class SignedTransport(plain.Transport):
    """Takes the place of kombu's transport for Redis."""

    Channel = SignedChannel


def use_signed_transport() -> None:
    """Have kombu connect to every Redis through this transport.

    A setting cannot say it: kombu takes the transport of redis+socket:// from the address alone.
    """
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{SignedTransport.__module__}:{SignedTransport.__name__}"
